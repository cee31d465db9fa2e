// Shows the schema that the page names. Swagger UI sends nothing anywhere but to this site.
const swagger = document.getElementById("swagger-ui");
const redoc = document.getElementById("redoc");
if (swagger) {
  SwaggerUIBundle({
    url: swagger.dataset.schema,
    dom_id: "#swagger-ui",
    deepLinking: true,
    displayRequestDuration: true,
    docExpansion: "none",
    persistAuthorization: false,
    validatorUrl: null,
  });
}
if (redoc) {
  Redoc.init(redoc.dataset.schema, { disableSearch: false, hideDownloadButton: false, untrustedSpec: false }, redoc);
}
