//! The OpenAPI document: generated from the handlers, with what every operation shares.

use std::sync::LazyLock;

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa::openapi::OpenApi;
use utoipa::openapi::info::{Info, License};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, Ref, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::failure::{ErrorBody, ErrorDetail};
use super::reference;
use crate::app::App;
use crate::error::Result;

/// `/openapi.json` and the reference page at `/docs`.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/openapi.json", get(served_document))
        .route("/docs", get(served_page))
}

// Written once, when first asked for.
static TEXT: LazyLock<Result<String>> = LazyLock::new(document_text);
static PAGE: LazyLock<Result<String>> =
    LazyLock::new(|| reference::page(&serde_json::to_value(document())?));

async fn served_document() -> Result<Response> {
    let text = (*TEXT).as_deref().map_err(Clone::clone)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

async fn served_page() -> Result<Response> {
    let page = (*PAGE).as_deref().map_err(Clone::clone)?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'",
        ),
    ];
    Ok((headers, page).into_response())
}

/// The whole document.
#[must_use]
pub fn document() -> OpenApi {
    let (_, mut document) = OpenApiRouter::<App>::new()
        .nest("/api/v3", super::api_routes())
        .split_for_parts();
    let mut info = Info::new("Tenon API", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "Authenticated tools for AI agents. Speaks Composio's v3 REST API; everything here is \
         served under /api/v3.1 as well."
            .into(),
    );
    info.license = Some(
        License::builder()
            .name("Apache-2.0")
            .identifier(Some("Apache-2.0"))
            .build(),
    );
    document.info = info;
    let components = document.components.get_or_insert_with(Components::new);
    components
        .schemas
        .insert("Error".into(), ErrorBody::schema());
    components
        .schemas
        .insert(ErrorDetail::name().into(), ErrorDetail::schema());
    for (name, header) in [
        ("ApiKeyAuth", "x-api-key"),
        ("OrgApiKeyAuth", "x-org-api-key"),
    ] {
        let scheme = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(header)));
        components
            .security_schemes
            .insert(name.into(), scheme.into());
    }
    add_error_answers(&mut document);
    document
}

/// The document as `openapi/openapi.json` holds it.
///
/// # Errors
/// Never in practice.
pub fn document_text() -> Result<String> {
    Ok(serde_json::to_string_pretty(&document())? + "\n")
}

/// Every operation can fail in these ways, with the same body.
fn add_error_answers(document: &mut OpenApi) {
    let answers = [
        ("400", "The request breaks a rule"),
        ("401", "No valid API key came with the request"),
        ("403", "The key may not do this"),
        ("404", "It is not there, or not in this project"),
        ("409", "It collides with the present state"),
        ("410", "It is gone"),
        ("422", "It was understood and cannot be done"),
        ("429", "The organisation's rate limit is used up"),
        (
            "500",
            "Our own fault; the log holds the cause under the request id",
        ),
        ("501", "Documented, but not built here yet"),
        ("502", "The upstream service could not be reached"),
        ("503", "The server cannot take the request now"),
        ("504", "The upstream service did not answer in time"),
    ];
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            for (status, description) in answers {
                operation
                    .responses
                    .responses
                    .entry(status.into())
                    .or_insert_with(|| {
                        let schema = Ref::from_schema_name("Error");
                        let content = ContentBuilder::new().schema(Some(schema)).build();
                        ResponseBuilder::new()
                            .description(description)
                            .content("application/json", content)
                            .build()
                            .into()
                    });
            }
        }
    }
}
