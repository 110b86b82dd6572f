//! One toolkit, with what each of its auth schemes asks for.

use serde::Serialize;
use utoipa::ToSchema;

use super::oauth_fields;
use crate::catalog::exchange::ExchangeManifest;
use crate::catalog::manifest::{AuthManifest, Field};
use crate::catalog::{Toolkit, category_id};
use crate::ids::legacy_uuid;
use crate::scheme::Scheme;

/// A toolkit with all there is to know before connecting.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ToolkitDetail {
    /// Its slug.
    #[schema(example = "github")]
    slug: String,
    /// For people.
    #[schema(example = "GitHub")]
    name: String,
    /// Whether its tools can be executed.
    enabled: bool,
    /// Schemes for which this installation brings an app of its own.
    #[schema(required = false, value_type = Vec<String>, example = json!(["OAUTH2"]))]
    composio_managed_auth_schemes: Vec<Scheme>,
    /// The same with what those apps may ask for.
    #[schema(required = false)]
    composio_managed_auth: Vec<ManagedAuth>,
    /// Never true; part of the shape.
    #[schema(deprecated)]
    is_local_toolkit: bool,
    /// The ways to connect, the preferred first.
    #[schema(required = false)]
    auth_config_details: Vec<AuthDetail>,
    /// Where the service's API lives; may name connection fields in braces.
    #[schema(required = false, example = "https://api.github.com")]
    base_url: String,
    /// What it is.
    #[schema(inline)]
    meta: ToolkitDetailMeta,
    /// The path that tells whose account is connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "/user")]
    get_current_user_endpoint: Option<String>,
    /// Names that older clients read.
    #[schema(inline)]
    deprecated: DeprecatedToolkitFields,
}

/// An app that this installation brings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ToolkitManagedAuth)]
struct ManagedAuth {
    /// The auth scheme.
    #[schema(value_type = String, example = "OAUTH2")]
    mode: Scheme,
    /// What it asks for.
    #[schema(inline)]
    scopes: ManagedScopes,
}

/// The scopes of an app.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ToolkitManagedAuthScopes)]
struct ManagedScopes {
    /// Their names.
    available: Vec<String>,
}

impl ManagedAuth {
    fn new(scheme: Scheme, toolkit: &Toolkit) -> Self {
        let own = toolkit.managed_app.as_ref().map(|app| &app.scopes);
        let auth = toolkit.auth(scheme);
        let scopes = own
            .filter(|scopes| !scopes.is_empty())
            .or(auth.map(|auth| &auth.scopes.default));
        Self {
            mode: scheme,
            scopes: ManagedScopes {
                available: scopes.cloned().unwrap_or_default(),
            },
        }
    }
}

/// One way to connect.
#[derive(Debug, Serialize, ToSchema)]
struct AuthDetail {
    /// A name for it.
    #[schema(example = "github_oauth")]
    name: String,
    /// The auth scheme.
    #[schema(value_type = String, example = "OAUTH2")]
    mode: Scheme,
    /// What it asks for.
    #[schema(inline)]
    fields: AuthDetailFields,
    /// Where proxied calls go.
    #[schema(required = false, inline)]
    proxy: AuthDetailProxy,
    /// The provider's endpoints, for OAuth schemes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, inline)]
    deprecated_auth_provider_details: Option<AuthProvider>,
}

/// What a way to connect asks for.
#[derive(Debug, Serialize, ToSchema)]
struct AuthDetailFields {
    /// Once an auth config.
    #[schema(inline)]
    auth_config_creation: FieldSplit,
    /// Once a connection.
    #[schema(inline)]
    connected_account_initiation: FieldSplit,
}

/// Fields, split by whether they must be given.
#[derive(Debug, Default, Serialize, ToSchema)]
struct FieldSplit {
    /// Must be given.
    required: Vec<FieldItem>,
    /// May be left out.
    optional: Vec<FieldItem>,
}

/// One value that is asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FieldItem {
    /// The name in requests.
    #[schema(example = "client_id")]
    pub(super) name: String,
    /// For people.
    #[serde(rename = "displayName")]
    #[schema(example = "Client ID")]
    pub(super) display_name: String,
    /// Taken when nothing is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default: Option<String>,
    /// `string`, `number` or `boolean`.
    #[serde(rename = "type")]
    #[schema(example = "string")]
    pub(super) kind: String,
    /// What it is and where to find it.
    pub(super) description: String,
    /// Whether it must be given.
    pub(super) required: bool,
    /// A name that older clients send for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) legacy_template_name: Option<String>,
}

/// Where proxied calls go.
#[derive(Debug, Serialize, ToSchema)]
struct AuthDetailProxy {
    /// What relative endpoints are under.
    base_url: String,
}

/// The endpoints of an OAuth provider.
#[derive(Debug, Serialize, ToSchema)]
struct AuthProvider {
    /// Where the user's browser goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    authorization_url: Option<String>,
    /// Where codes are exchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token_url: Option<String>,
}

/// What a toolkit is.
#[derive(Debug, Serialize, ToSchema)]
struct ToolkitDetailMeta {
    /// When it came into the catalog.
    #[schema(example = "2024-05-03T11:44:32.061Z")]
    created_at: String,
    /// When it last changed.
    #[schema(example = "2026-11-22T00:00:00Z")]
    updated_at: String,
    /// What the service is.
    description: String,
    /// URL of its logo; empty when there is none.
    logo: String,
    /// The service's home page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://github.com")]
    app_url: Option<String>,
    /// Its categories.
    categories: Vec<CategorySlug>,
    /// How many trigger types it has; none has any yet.
    triggers_count: u32,
    /// How many tools it has.
    tools_count: usize,
    /// The version shown.
    #[schema(example = "20261122_00")]
    version: String,
    /// All versions, newest first.
    available_versions: Vec<String>,
}

/// A category; here its id is called slug.
#[derive(Debug, Serialize, ToSchema)]
struct CategorySlug {
    /// For people.
    #[schema(example = "developer tools & devops")]
    name: String,
    /// To filter by.
    #[schema(example = "developer-tools-&-devops")]
    slug: String,
}

/// Names that older clients read.
#[derive(Debug, Serialize, ToSchema)]
struct DeprecatedToolkitFields {
    /// A UUID that always belongs to the same toolkit.
    #[serde(rename = "toolkitId")]
    toolkit_id: String,
    /// As `get_current_user_endpoint`.
    #[serde(
        rename = "getCurrentUserEndpoint",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    get_current_user_endpoint: Option<String>,
    /// As `auth_config_details[].proxy`.
    #[serde(rename = "rawProxyInfoByAuthSchemes")]
    #[schema(value_type = Vec<Object>)]
    proxies: Vec<DeprecatedProxy>,
}

/// Where calls go, by scheme.
#[derive(Debug, Serialize)]
struct DeprecatedProxy {
    auth_scheme: Scheme,
    base_url: String,
}

impl ToolkitDetail {
    /// A toolkit as of `version`, on a server that providers send browsers back to at `callback_url`.
    pub(super) fn new(toolkit: &Toolkit, version: &str, callback_url: &str) -> Self {
        let manifest = &toolkit.manifest;
        let whoami = manifest
            .identity
            .as_ref()
            .and_then(|identity| identity.plain_path().map(str::to_owned));
        let detail = |auth| AuthDetail::new(auth, toolkit, callback_url);
        let proxy = |auth: &AuthManifest| DeprecatedProxy {
            auth_scheme: auth.scheme,
            base_url: toolkit.base_url(auth.scheme).to_owned(),
        };
        Self {
            slug: manifest.slug.clone(),
            name: manifest.name.clone(),
            enabled: true,
            composio_managed_auth_schemes: toolkit.managed_schemes(),
            composio_managed_auth: toolkit
                .managed_schemes()
                .iter()
                .map(|scheme| ManagedAuth::new(*scheme, toolkit))
                .collect(),
            is_local_toolkit: false,
            auth_config_details: manifest.auth.iter().map(detail).collect(),
            base_url: manifest.base_url.clone(),
            meta: ToolkitDetailMeta::new(toolkit, version),
            get_current_user_endpoint: whoami.clone(),
            deprecated: DeprecatedToolkitFields {
                toolkit_id: legacy_uuid(&manifest.slug),
                get_current_user_endpoint: whoami,
                proxies: manifest.auth.iter().map(proxy).collect(),
            },
        }
    }
}

impl ToolkitDetailMeta {
    fn new(toolkit: &Toolkit, version: &str) -> Self {
        let manifest = &toolkit.manifest;
        let category = |name: &String| CategorySlug {
            name: name.clone(),
            slug: category_id(name),
        };
        Self {
            created_at: manifest.created_at.clone(),
            updated_at: manifest.updated_at.clone(),
            description: manifest.description.trim().to_owned(),
            logo: manifest.logo.clone(),
            app_url: manifest.app_url.clone(),
            categories: manifest.categories.iter().map(category).collect(),
            triggers_count: 0,
            tools_count: toolkit.tools_count(version),
            version: version.to_owned(),
            available_versions: manifest.versions.clone(),
        }
    }
}

impl AuthDetail {
    fn new(auth: &AuthManifest, toolkit: &Toolkit, callback_url: &str) -> Self {
        let slug = &toolkit.manifest.slug;
        let default_name = || format!("{slug}_{}", auth.scheme.name().to_ascii_lowercase());
        let is_oauth = matches!(auth.scheme, Scheme::OAuth2 | Scheme::DcrOauth);
        let mut auth_config_creation = FieldSplit::default();
        for field in oauth_fields::of_auth_config(auth, callback_url) {
            auth_config_creation.add(field);
        }
        if auth
            .exchange
            .as_ref()
            .is_some_and(ExchangeManifest::takes_scopes)
        {
            auth_config_creation.add(oauth_fields::scopes_of_app(auth));
        }
        for field in &auth.fields.auth_config {
            auth_config_creation.add(field.into());
        }
        let mut connected_account_initiation = FieldSplit::default();
        for field in &auth.fields.connection {
            connected_account_initiation.add(field.into());
        }
        Self {
            name: auth.name.clone().unwrap_or_else(default_name),
            mode: auth.scheme,
            fields: AuthDetailFields {
                auth_config_creation,
                connected_account_initiation,
            },
            proxy: AuthDetailProxy {
                base_url: toolkit.base_url(auth.scheme).to_owned(),
            },
            deprecated_auth_provider_details: is_oauth.then(|| AuthProvider {
                authorization_url: auth.authorize_url.clone(),
                token_url: auth.token_url.clone(),
            }),
        }
    }
}

impl FieldSplit {
    fn add(&mut self, field: FieldItem) {
        if field.required {
            &mut self.required
        } else {
            &mut self.optional
        }
        .push(field);
    }
}

impl From<&Field> for FieldItem {
    fn from(field: &Field) -> Self {
        let Field {
            name,
            display_name,
            description,
            kind,
            required,
            secret: _,
            default,
            pattern: _,
            legacy_names,
            multiline: _,
            options: _,
            example: _,
            prefix: _,
            suffix: _,
        } = field;
        Self {
            name: name.clone(),
            display_name: display_name.clone(),
            default: default.clone(),
            kind: kind.clone(),
            description: description.trim().to_owned(),
            required: *required,
            legacy_template_name: legacy_names.first().cloned(),
        }
    }
}
