//! Credentials in the body of an execution, with the schemas that the official document gives them.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type,
};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use zeroize::Zeroizing;

use crate::accounts::GivenConnection;
use crate::executor::{CustomAuth, CustomParameter, CustomPlace};
use crate::scheme::Scheme;

/// Fields that any connection may have.
const CONNECTION_FIELDS: [&str; 22] = [
    "subdomain",
    "your-domain",
    "region",
    "shop",
    "account_url",
    "COMPANYDOMAIN",
    "extension",
    "form_api_base_url",
    "instanceEndpoint",
    "api_url",
    "borneo_dashboard_url",
    "proxy_username",
    "proxy_password",
    "domain",
    "version",
    "dc",
    "site_name",
    "instanceName",
    "account_id",
    "your_server",
    "server_location",
    "base_url",
];

/// A scheme, the fields it must have, the texts it may have besides.
type Variant = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const VARIANTS: [Variant; 10] = [
    (
        "OAUTH2",
        &["access_token"],
        &["id_token", "token_type", "webhook_signature"],
    ),
    (
        "DCR_OAUTH",
        &["client_id", "access_token"],
        &["client_secret", "id_token", "token_type"],
    ),
    (
        "API_KEY",
        &[],
        &[
            "generic_api_key",
            "api_key",
            "bearer_token",
            "basic_encoded",
        ],
    ),
    ("BASIC_WITH_JWT", &["username", "password"], &[]),
    ("BASIC", &["username"], &["password"]),
    ("BEARER_TOKEN", &["token"], &[]),
    (
        "OAUTH1",
        &["oauth_token", "oauth_token_secret"],
        &[
            "oauth_verifier",
            "consumer_key",
            "redirectUrl",
            "callback_url",
        ],
    ),
    ("NO_AUTH", &[], &[]),
    (
        "SERVICE_ACCOUNT",
        &["application_id", "installation_id", "private_key"],
        &[],
    ),
    ("GOOGLE_SERVICE_ACCOUNT", &["credentials_json"], &[]),
];

/// Credentials for one call, in place of a connected account.
#[derive(Deserialize)]
pub struct CustomConnectionData {
    #[serde(rename = "authScheme", alias = "auth_scheme")]
    scheme: Scheme,
    #[serde(rename = "toolkitSlug", alias = "toolkit_slug")]
    toolkit: String,
    val: Map<String, Value>,
}

/// Shows the scheme and no value.
impl std::fmt::Debug for CustomConnectionData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CustomConnectionData({}, {})", self.toolkit, self.scheme)
    }
}

impl From<CustomConnectionData> for GivenConnection {
    fn from(
        CustomConnectionData {
            scheme,
            toolkit,
            val,
        }: CustomConnectionData,
    ) -> Self {
        Self {
            toolkit,
            scheme,
            values: val,
        }
    }
}

impl ToSchema for CustomConnectionData {}

impl PartialSchema for CustomConnectionData {
    fn schema() -> RefOr<Schema> {
        let variants = OneOfBuilder::new()
            .description(Some("Credentials for one call, by auth scheme"))
            .examples([json!({
                "authScheme": "OAUTH2", "toolkitSlug": "github", "val": { "access_token": "gho_…" },
            })]);
        VARIANTS
            .iter()
            .fold(variants, |variants, variant| {
                variants.item(object(*variant))
            })
            .into()
    }
}

fn object((scheme, required, optional): Variant) -> ObjectBuilder {
    ObjectBuilder::new()
        .property("authScheme", text().enum_values(Some([scheme])))
        .required("authScheme")
        .property("toolkitSlug", text())
        .required("toolkitSlug")
        .property("val", values(scheme, required, optional))
        .required("val")
}

fn values(scheme: &str, required: &[&str], optional: &[&str]) -> ObjectBuilder {
    let names = CONNECTION_FIELDS.iter().chain(required).chain(optional);
    let texts = names.fold(ObjectBuilder::new(), |object, name| {
        object.property(*name, text())
    });
    let object = required
        .iter()
        .fold(texts, |object, name| object.required(*name));
    let object = match scheme {
        "OAUTH2" => token_fields(object).property("authed_user", slack_user()),
        "DCR_OAUTH" => token_fields(object)
            .property("client_id_issued_at", kind(Type::Number))
            .property("client_secret_expires_at", kind(Type::Number)),
        _ => object,
    };
    object.additional_properties(Some(AdditionalProperties::FreeForm(true)))
}

/// What an OAuth 2 token answer holds besides texts, and two wishes of the connect flow.
fn token_fields(object: ObjectBuilder) -> ObjectBuilder {
    let scopes = ArrayBuilder::new().items(text());
    object
        .property("state_prefix", text().max_length(Some(40)))
        .property("long_redirect_url", kind(Type::Boolean))
        .property("refresh_token", nullable(Type::String))
        .property(
            "expires_in",
            AnyOfBuilder::new()
                .item(kind(Type::Number))
                .item(text())
                .item(kind(Type::Null)),
        )
        .property(
            "scope",
            AnyOfBuilder::new()
                .item(text())
                .item(scopes)
                .item(kind(Type::Null)),
        )
}

fn slack_user() -> ObjectBuilder {
    ObjectBuilder::new()
        .description(Some("Slack: the token of the user beside the bot's"))
        .property("access_token", text())
        .property("scope", text())
}

/// Credentials of the caller's own making for one call.
#[derive(Default, Deserialize)]
pub struct CustomAuthParams {
    /// The TypeScript SDK writes it `baseURL`.
    #[serde(default, alias = "baseURL", alias = "baseUrl")]
    base_url: Option<String>,
    #[serde(default)]
    parameters: Option<Vec<Parameter>>,
    #[serde(default)]
    body: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
    #[serde(rename = "in")]
    place: Place,
    value: ParameterValue,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    Query,
    Header,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ParameterValue {
    Text(String),
    Number(serde_json::Number),
}

/// Shows no value.
impl std::fmt::Debug for CustomAuthParams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CustomAuthParams")
    }
}

impl CustomAuthParams {
    /// None when nothing is in it, as clients send that do not use it.
    pub(super) fn into_auth(self) -> Option<CustomAuth> {
        let Self {
            base_url,
            parameters,
            body,
        } = self;
        let auth = CustomAuth {
            base_url: base_url.filter(|url| !url.trim().is_empty()),
            parameters: parameters.into_iter().flatten().map(Into::into).collect(),
            body: body.unwrap_or_default(),
        };
        let is_empty =
            auth.base_url.is_none() && auth.parameters.is_empty() && auth.body.is_empty();
        (!is_empty).then_some(auth)
    }
}

impl From<Parameter> for CustomParameter {
    fn from(Parameter { name, place, value }: Parameter) -> Self {
        Self {
            name,
            place: match place {
                Place::Query => CustomPlace::Query,
                Place::Header => CustomPlace::Header,
            },
            value: Zeroizing::new(match value {
                ParameterValue::Text(text) => text,
                ParameterValue::Number(number) => number.to_string(),
            }),
        }
    }
}

impl ToSchema for CustomAuthParams {}

impl PartialSchema for CustomAuthParams {
    fn schema() -> RefOr<Schema> {
        let parameter = ObjectBuilder::new()
            .property(
                "name",
                text().description(Some("Name of the header or query parameter")),
            )
            .required("name")
            .property("in", text().enum_values(Some(["query", "header"])))
            .required("in")
            .property(
                "value",
                AnyOfBuilder::new().item(text()).item(kind(Type::Number)),
            )
            .required("value");
        ObjectBuilder::new()
            .property(
                "base_url",
                text().description(Some("In place of the toolkit's base URL")),
            )
            .property("parameters", ArrayBuilder::new().items(parameter))
            .property(
                "body",
                ObjectBuilder::new()
                    .description(Some("Added to the request's body"))
                    .additional_properties(Some(AdditionalProperties::FreeForm(true))),
            )
            .examples([json!({
                "parameters": [{ "in": "header", "name": "x-api-key", "value": "…" }],
            })])
            .into()
    }
}

/// A body that is not JSON.
#[derive(Debug)]
pub struct BinaryBody;

impl ToSchema for BinaryBody {}

impl PartialSchema for BinaryBody {
    fn schema() -> RefOr<Schema> {
        let media_type = || text().description(Some("The media type to send it as"));
        let by_url = ObjectBuilder::new()
            .property("url", text().description(Some("Where to fetch it")))
            .required("url")
            .property("content_type", media_type());
        let inline = ObjectBuilder::new()
            .property(
                "base64",
                text().min_length(Some(1)).description(Some("The bytes")),
            )
            .required("base64")
            .property("content_type", media_type());
        AnyOfBuilder::new().item(by_url).item(inline).into()
    }
}

fn text() -> ObjectBuilder {
    kind(Type::String)
}

fn kind(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(kind))
}

fn nullable(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([kind, Type::Null]))
}
