//! Who meets on a page: the application that asks for an account, and the service it asks for.

use url::Url;

use super::web_address;
use crate::app::App;
use crate::error::Result;
use crate::ids::ProjectId;
use crate::tenancy;
use crate::toolkits;

/// Names and pictures for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
    /// What the project calls itself; none when it has said nothing.
    pub app_name: Option<String>,
    /// The project's logo, if it has one that a browser can load.
    pub app_logo: Option<Url>,
    /// Name of the toolkit.
    pub toolkit_name: String,
    /// The toolkit's logo, if it has one that a browser can load.
    pub toolkit_logo: Option<Url>,
}

impl Scene {
    /// The scene of a project's connection to a toolkit.
    ///
    /// # Errors
    /// [`crate::error::Error::NotFound`] when the project is gone.
    pub async fn of(app: &App, project: &ProjectId, toolkit: &str) -> Result<Self> {
        let open = tenancy::open_project(app, project).await?;
        let settings = &open.project.settings;
        let catalog = toolkits::catalog(app, project).await?;
        let manifest = catalog.toolkit(toolkit).ok().map(|kit| &kit.manifest);
        Ok(Self {
            app_name: settings
                .display_name
                .clone()
                .filter(|name| !name.trim().is_empty()),
            app_logo: settings.logo_url.as_deref().and_then(web_address),
            toolkit_name: manifest
                .map_or(toolkit, |manifest| manifest.name.as_str())
                .to_owned(),
            toolkit_logo: manifest.and_then(|manifest| web_address(&manifest.logo)),
        })
    }
}
