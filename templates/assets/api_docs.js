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
  // Redoc would fetch its maker's mark from their site, by either way to set the address of a picture.
  const image = HTMLImageElement.prototype;
  const { get, set } = Object.getOwnPropertyDescriptor(image, "src");
  const blank = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>";
  const ours = (address) => (String(address).startsWith("https://cdn.redoc.ly/") ? blank : address);
  Object.defineProperty(image, "src", { get, set(address) { set.call(this, ours(address)); } });
  image.setAttribute = function (name, value) {
    Element.prototype.setAttribute.call(this, name, name === "src" ? ours(value) : value);
  };
  Redoc.init(redoc.dataset.schema, { disableSearch: false, hideDownloadButton: false, untrustedSpec: false }, redoc);
}
