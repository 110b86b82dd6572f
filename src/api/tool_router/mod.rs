//! Tool-router sessions: what an agent may reach for one user, and calls through them.

mod body;
mod custom;
mod execute;
mod given;
mod history;
mod legacy;
mod link;
mod mounts;
mod proxy;
mod session;
mod session_answer;
mod toolkits;
mod tools;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(session::create_session))
        .routes(routes!(
            session::get_session,
            session::patch_session,
            session::delete_session
        ))
        .routes(routes!(session::attach_session))
        .routes(routes!(history::list_session_configs))
        .routes(routes!(toolkits::list_session_toolkits))
        .routes(routes!(link::create_session_link))
        .routes(routes!(tools::list_session_tools))
        .routes(routes!(execute::execute_in_session))
        .routes(routes!(execute::execute_meta_in_session))
        .routes(routes!(execute::search_in_session))
        .routes(routes!(proxy::proxy_execute_in_session))
        .routes(routes!(mounts::list_session_files))
        .routes(routes!(mounts::create_session_file_upload))
        .routes(routes!(mounts::create_session_file_download))
        .routes(routes!(mounts::delete_session_file))
        .routes(routes!(legacy::create_labs_session))
}
