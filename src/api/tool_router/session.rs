//! Sessions: make, read, change and remove them.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{ConfigBody, ExperimentalBody};
use super::custom::{CustomBody, ExperimentalAnswer};
use super::session_answer::SessionAnswer;
use crate::api::auth::Caller;
use crate::api::extract::{Json, Path};
use crate::api::middleware::ApiVersion;
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::SessionId;
use crate::sessions::config::SessionConfig;
use crate::sessions::custom::CustomTools;
use crate::sessions::{self, NewSession, Scope};

/// The longest name of the time zone database has 32.
const LONGEST_TIME_ZONE: usize = 64;

/// A request for a session.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CreateSessionBody {
    /// Your name for the user on whose behalf the agent acts.
    #[schema(min_length = 1, example = "user-123")]
    user_id: String,
    /// What the session is to reach; all that the user has where nothing is said.
    #[serde(flatten)]
    config: ConfigBody,
    /// What may change.
    #[serde(default)]
    #[schema(required = false)]
    experimental: Option<ExperimentalCreateBody>,
}

/// Settings that the API calls experimental, and tools of the caller's own.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct ExperimentalCreateBody {
    /// Shapes the prompt that the answer brings.
    #[serde(default)]
    #[schema(required = false)]
    assistive_prompt_config: Option<PromptBody>,
    #[serde(flatten)]
    settings: ExperimentalBody,
    #[serde(flatten)]
    custom: CustomBody,
}

/// What the prompt is to say.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct PromptBody {
    /// The user's time zone by its name in the time zone database.
    #[serde(default)]
    #[schema(nullable = false, example = "Europe/Berlin")]
    user_timezone: Option<String>,
}

impl PromptBody {
    fn time_zone(self) -> Result<Option<String>> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_/+-".contains(&byte);
        let is_name = |zone: &str| zone.len() <= LONGEST_TIME_ZONE && zone.bytes().all(is_plain);
        match self.user_timezone {
            Some(zone) if !is_name(&zone) => {
                let place = "experimental.assistive_prompt_config.user_timezone";
                let problem = format!("{place}: must be a name such as Europe/Berlin");
                Err(Error::fields(vec![problem]))
            }
            zone => Ok(zone.filter(|zone| !zone.is_empty())),
        }
    }
}

/// Make a session
///
/// Checks the configuration against the toolkits, auth configs and accounts of the project and keeps it.
/// Sessions do not end by themselves.
#[utoipa::path(
    post, path = "/tool_router/session", tag = "Tool Router",
    security(("ApiKeyAuth" = [])),
    request_body(content = CreateSessionBody, example = json!({
        "user_id": "user-123", "toolkits": { "enable": ["github", "gmail"] },
        "tags": { "disable": ["destructiveHint"] },
    })),
    responses((status = 201, description = "The session", body = SessionAnswer)),
)]
pub(super) async fn create_session(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateSessionBody>,
) -> Result<(StatusCode, Json<SessionAnswer>)> {
    let CreateSessionBody {
        user_id,
        config: wanted,
        experimental,
    } = body;
    let ExperimentalCreateBody {
        assistive_prompt_config,
        settings,
        custom,
    } = experimental.unwrap_or_default();
    let mut config = SessionConfig::default();
    wanted.apply(&mut config);
    settings.apply(&mut config.experimental);
    let time_zone = assistive_prompt_config.unwrap_or_default().time_zone()?;
    let custom = custom.read(&app, &caller.project).await?;
    let new = NewSession {
        user: user_id,
        created_by: caller.key.id.as_str().to_owned(),
        config,
        custom: match caller.api {
            ApiVersion::V3 => custom.clone(),
            // Its clients send them with every call.
            ApiVersion::V3_1 => CustomTools::default(),
        },
    };
    let session = sessions::create(&app, &caller.project, new).await?;
    let scope = Scope::with(&app, &caller.project, session.clone()).await?;
    let mut answer = SessionAnswer::new(&app, &scope, &session, &caller);
    let prompt = scope.assistive_prompt(time_zone.as_deref());
    answer.experimental = ExperimentalAnswer::of(custom, Some(prompt));
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Get a session
///
/// What a session reaches, where its MCP endpoint is, and which meta tools its agent has.
#[utoipa::path(
    get, path = "/tool_router/session/{session_id}", tag = "Tool Router",
    security(("ApiKeyAuth" = [])),
    params(("session_id" = String, Path, description = "The session's id",
        example = "trs_1a2b3c4d5e6f")),
    responses((status = 200, description = "The session", body = SessionAnswer)),
)]
pub(super) async fn get_session(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SessionId>,
) -> Result<Json<SessionAnswer>> {
    let session = sessions::find(&app, &caller.project, &id).await?;
    Ok(Json(SessionAnswer::of(&app, &caller, session).await?))
}

/// Tools of the caller's own, for this call.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct AttachBody {
    /// What may change.
    #[serde(default)]
    #[schema(required = false)]
    experimental: Option<CustomBody>,
}

/// Attach to a session
///
/// As getting it, and checks tools of the caller's own, whose slugs here the answer tells. They are not
/// kept: they come with each call that needs them.
#[utoipa::path(
    post, path = "/tool_router/session/{session_id}/attach", tag = "Tool Router",
    security(("ApiKeyAuth" = [])),
    params(("session_id" = String, Path, description = "The session's id",
        example = "trs_1a2b3c4d5e6f")),
    request_body(content = Option<AttachBody>, example = json!({})),
    responses((status = 200, description = "The session", body = SessionAnswer)),
)]
pub(super) async fn attach_session(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SessionId>,
    Json(body): Json<AttachBody>,
) -> Result<Json<SessionAnswer>> {
    let session = sessions::find(&app, &caller.project, &id).await?;
    let custom = body.experimental.unwrap_or_default();
    let custom = custom.read(&app, &caller.project).await?;
    let mut answer = SessionAnswer::of(&app, &caller, session).await?;
    if !custom.is_empty() {
        answer.experimental = ExperimentalAnswer::of(custom, None);
    }
    Ok(Json(answer))
}

/// A change of a session's configuration.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct PatchSessionBody {
    #[serde(flatten)]
    config: ConfigBody,
    /// What may change.
    #[serde(default)]
    #[schema(required = false)]
    experimental: Option<ExperimentalBody>,
    /// Makes the change only while the configuration has this version.
    #[serde(default)]
    #[schema(nullable = false, minimum = 1)]
    expected_config_version: Option<i64>,
}

/// Change a session
///
/// Gives the session a new version of its configuration: what the body leaves out stays, null removes a
/// setting, lists are replaced whole. The former version is kept in the history. Only under
/// `/api/v3.1`: the sessions of `/api/v3` never change.
#[utoipa::path(
    patch, path = "/tool_router/session/{session_id}", tag = "Tool Router",
    security(("ApiKeyAuth" = [])),
    params(("session_id" = String, Path, description = "The session's id",
        example = "trs_1a2b3c4d5e6f")),
    request_body(content = PatchSessionBody, example = json!({
        "toolkits": { "enable": ["github"] }, "expected_config_version": 1,
    })),
    responses((status = 200, description = "It is changed", body = SessionAnswer)),
)]
pub(super) async fn patch_session(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SessionId>,
    Json(body): Json<PatchSessionBody>,
) -> Result<Json<SessionAnswer>> {
    if caller.api == ApiVersion::V3 {
        return Err(Error::Forbidden(
            "sessions of /api/v3 never change; make another one, or send the change to /api/v3.1"
                .into(),
        ));
    }
    let PatchSessionBody {
        config,
        experimental,
        expected_config_version,
    } = body;
    let change = |present: &mut SessionConfig| {
        config.apply(present);
        experimental
            .unwrap_or_default()
            .apply(&mut present.experimental);
        Ok(())
    };
    let changed =
        sessions::configure(&app, &caller.project, &id, expected_config_version, change).await?;
    Ok(Json(SessionAnswer::of(&app, &caller, changed).await?))
}

/// A session that is gone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeletedSession {
    /// Its id.
    #[schema(example = "trs_1a2b3c4d5e6f")]
    session_id: String,
    /// Always true.
    deleted: bool,
}

/// Remove a session
///
/// Nothing can be called through it any more. The user's accounts stay.
#[utoipa::path(
    delete, path = "/tool_router/session/{session_id}", tag = "Tool Router",
    security(("ApiKeyAuth" = [])),
    params(("session_id" = String, Path, description = "The session's id",
        example = "trs_1a2b3c4d5e6f")),
    responses((status = 200, description = "It is gone", body = DeletedSession)),
)]
pub(super) async fn delete_session(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SessionId>,
) -> Result<Json<DeletedSession>> {
    sessions::delete(&app, &caller.project, &id).await?;
    Ok(Json(DeletedSession {
        session_id: id.as_str().to_owned(),
        deleted: true,
    }))
}
