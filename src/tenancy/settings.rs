//! A project's settings: the rules they keep, and how they change.

use url::Url;

use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::ProjectId;
use crate::storage::changes::Change;
use crate::storage::projects::{self, ProjectSettings, SettingsChange};

const LONGEST_DISPLAY_NAME: usize = 100;
const LONGEST_LOGO_URL: usize = 2048;

/// Changes settings of a project and answers all of them.
///
/// # Errors
/// [`Error::Invalid`] when a setting breaks a rule, [`Error::NotFound`].
pub async fn change_settings(
    app: &App,
    project: &ProjectId,
    change: &SettingsChange,
) -> Result<ProjectSettings> {
    let problems = settings_problems(change, "");
    if !problems.is_empty() {
        return Err(Error::fields(problems));
    }
    let mut tx = app.db.begin().await?;
    let updated = projects::update_settings(tx.conn(), project, change, app.clock.now())
        .await?
        .ok_or_else(|| Error::not_found("project", project.as_str()))?;
    tx.changed(Change::Project {
        project: project.clone(),
    });
    tx.commit().await?;
    Ok(updated.settings)
}

/// The settings a new project begins with.
pub(super) fn initial_settings(change: SettingsChange) -> ProjectSettings {
    let SettingsChange {
        mask_secrets,
        log_visibility,
        require_mcp_key,
        two_factor_enabled,
        logo_url,
        display_name,
    } = change;
    let default = ProjectSettings::default();
    ProjectSettings {
        mask_secrets: mask_secrets.unwrap_or(default.mask_secrets),
        log_visibility: log_visibility.unwrap_or(default.log_visibility),
        require_mcp_key: require_mcp_key.unwrap_or(default.require_mcp_key),
        two_factor_enabled: two_factor_enabled.unwrap_or(default.two_factor_enabled),
        logo_url: logo_url.filter(|url| !url.is_empty()),
        display_name: display_name.filter(|name| !name.is_empty()),
    }
}

/// What is wrong with the given settings, a line each; `place` stands before their names.
pub(super) fn settings_problems(change: &SettingsChange, place: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(url) = change.logo_url.as_deref().filter(|url| !url.is_empty())
        && !is_web_address(url)
    {
        problems.push(format!(
            "{place}logo_url: must be an http:// or https:// URL of at most {LONGEST_LOGO_URL} \
             characters"
        ));
    }
    if let Some(name) = &change.display_name
        && (name.chars().count() > LONGEST_DISPLAY_NAME || name.chars().any(char::is_control))
    {
        problems.push(format!(
            "{place}display_name: must be one line of at most {LONGEST_DISPLAY_NAME} characters"
        ));
    }
    problems
}

fn is_web_address(text: &str) -> bool {
    text.len() <= LONGEST_LOGO_URL
        && Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
