"""Addresses of the member pages. Each organization has its own below `/o/<slug>/`."""

from django.urls import path, re_path

from oauth_bridge.member_pages import views as member_views
from oauth_bridge.portals import authorize_views, connected_views, endpoint_views
from oauth_bridge.sign_in import views as sign_in_views

urlpatterns = [
    path("", sign_in_views.entrance, name="member_entrance"),
    path("sign-in/<str:environment>/", sign_in_views.start, name="member_sign_in"),
    path("callback/<str:environment>/", sign_in_views.callback, name="member_callback"),
    path("brand.css", sign_in_views.brand, name="member_brand"),
    path("logo", sign_in_views.logo, name="member_logo"),
    path("accounts/", member_views.accounts, name="member_accounts"),
    path("accounts/<str:environment>/<int:account_id>/", member_views.account, name="member_account"),
    path("subscriptions/", member_views.subscriptions, name="member_subscriptions"),
    path("sign-ins/", member_views.sign_ins, name="member_sign_ins"),
    path("sign-ins/<int:session_id>/end/", member_views.end_session, name="member_end_session"),
    path("sign-out/", member_views.sign_out, name="member_sign_out"),
    path("disconnect/", member_views.disconnect, name="member_disconnect"),
    path("sign-ins/portals/<int:consent_id>/end/", connected_views.end, name="member_end_portal"),
    path("oauth/authorize/", authorize_views.authorize, name="portal_authorize"),
    path("oauth/token/", endpoint_views.token, name="portal_token"),
    path("oauth/revoke/", endpoint_views.revoke, name="portal_revoke"),
    path("oauth/introspect/", endpoint_views.introspect, name="portal_introspect"),
    path("oauth/userinfo/", endpoint_views.userinfo, name="portal_userinfo"),
    path("oauth/jwks/", endpoint_views.jwks, name="portal_jwks"),
    path(".well-known/openid-configuration", endpoint_views.discovery, name="portal_discovery"),
    # Only what ends with a slash: an address without its last slash is still led to the page that it means.
    re_path(r"^(?!oauth/|\.well-known/).+/$", member_views.missing),
]
