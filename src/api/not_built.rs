//! Endpoints of the official API that this server does not have yet. They answer 501 and say so,
//! where an unknown path would answer 404; the README lists them as gaps.

use axum::Router;
use axum::routing::any;

use super::auth::Caller;
use crate::app::App;
use crate::error::Error;

/// An area of the API, and the paths under which it lives.
struct Gap {
    area: &'static str,
    paths: &'static [&'static str],
}

const GAPS: &[Gap] = &[
    Gap {
        area: "triggers",
        paths: &[
            "/trigger_instances/{*rest}",
            "/triggers_types",
            "/triggers_types/{*rest}",
        ],
    },
    Gap {
        area: "webhooks",
        paths: &[
            "/webhook_subscriptions",
            "/webhook_subscriptions/{*rest}",
            "/webhook_endpoints",
            "/webhook_endpoints/{*rest}",
        ],
    },
    Gap {
        area: "tool router sessions",
        paths: &[
            "/tool_router/{*rest}",
            "/session_configs",
            "/session_configs/{*rest}",
        ],
    },
    Gap {
        area: "logs under their old internal names",
        paths: &["/internal/action_execution/{*rest}"],
    },
    Gap {
        area: "realtime and trigger logs",
        paths: &["/internal/{*rest}"],
    },
    Gap {
        area: "CLI login",
        paths: &["/cli/{*rest}"],
    },
    Gap {
        area: "key transfer and revocation",
        paths: &["/keyring/{*rest}", "/api_key_revocation"],
    },
    Gap {
        area: "custom toolkits by API",
        paths: &["/custom/{*rest}"],
    },
    Gap {
        area: "usage reports",
        paths: &["/project/usage/{*rest}", "/org/usage/{*rest}"],
    },
    Gap {
        area: "recommended scopes",
        paths: &["/toolkits/{slug}/scopes/{*rest}"],
    },
    Gap {
        area: "id migration",
        paths: &["/migration/{*rest}"],
    },
    Gap {
        area: "OAuth callback verifiers",
        paths: &["/connected_accounts/complete_auth"],
    },
];

/// Routes beside the documented ones; they stand in no OpenAPI document.
pub(super) fn routes() -> Router<App> {
    let paths = GAPS
        .iter()
        .flat_map(|gap| gap.paths.iter().map(|path| (gap.area, *path)));
    paths.fold(Router::new(), |router, (area, path)| {
        let answer = move |_: Caller| async move { Error::NotImplemented(area.to_owned()) };
        router.route(path, any(answer))
    })
}
