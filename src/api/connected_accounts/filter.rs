//! How a list of connected accounts is narrowed and ordered.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::state::ShownStatus;
use crate::api::extract::{CommaList, number};
use crate::api::middleware::ApiVersion;
use crate::error::{Error, Result};
use crate::storage::connected_accounts::{AccountFilter, AccountOrder, Status};

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListConnectedAccountsQuery {
    /// Slugs of toolkits, in any case.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>, nullable)]
    toolkit_slugs: CommaList,
    /// Statuses.
    #[serde(default)]
    #[param(value_type = Option<Vec<ShownStatus>>, nullable)]
    statuses: CommaList,
    /// `next_cursor` of the page before.
    #[param(nullable)]
    pub(super) cursor: Option<String>,
    /// Accounts on a page, at most 1000.
    #[serde(default, deserialize_with = "number")]
    #[param(nullable)]
    pub(super) limit: Option<i64>,
    /// Your names for users.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>, nullable)]
    user_ids: CommaList,
    /// Ids of auth configs.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>, nullable)]
    auth_config_ids: CommaList,
    /// Ids of accounts.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>, nullable)]
    connected_account_ids: CommaList,
    /// By when they were made, or last changed.
    #[param(inline, nullable = false)]
    order_by: Option<OrderBy>,
    /// Newest first, or oldest first.
    #[param(inline, nullable = false)]
    order_direction: Option<Direction>,
    /// Whose accounts; every account is `PRIVATE`.
    #[param(inline, nullable = false)]
    account_type: Option<AccountType>,
}

/// What a list is ordered by.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OrderBy {
    #[default]
    CreatedAt,
    UpdatedAt,
}

/// Which end of a list comes first.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Direction {
    Asc,
    #[default]
    Desc,
}

/// Whose accounts a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
enum AccountType {
    All,
    Private,
    Shared,
}

impl ListConnectedAccountsQuery {
    pub(super) fn order(&self) -> AccountOrder {
        match (
            self.order_by.unwrap_or_default(),
            self.order_direction.unwrap_or_default(),
        ) {
            (OrderBy::CreatedAt, Direction::Desc) => AccountOrder::CreatedDescending,
            (OrderBy::CreatedAt, Direction::Asc) => AccountOrder::CreatedAscending,
            (OrderBy::UpdatedAt, Direction::Desc) => AccountOrder::UpdatedDescending,
            (OrderBy::UpdatedAt, Direction::Asc) => AccountOrder::UpdatedAscending,
        }
    }

    /// The filters, as storage takes them.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a status that does not exist.
    pub(super) fn into_filter(self, api: ApiVersion) -> Result<AccountFilter> {
        let mut statuses: Vec<String> = self
            .statuses
            .0
            .iter()
            .map(|status| status.to_ascii_uppercase())
            .collect();
        let known = Status::ALL.iter().map(|status| status.name());
        let known: Vec<&str> = known.chain(["INACTIVE"]).collect();
        if !statuses.iter().all(|name| known.contains(&name.as_str())) {
            return Err(Error::fields(vec![format!(
                "statuses: unknown status, expected some of {}",
                known.join(", ")
            )]));
        }
        // What shows as EXPIRED is found as EXPIRED.
        let expired = Status::Expired.name();
        if api == ApiVersion::V3 && statuses.iter().any(|name| name == expired) {
            statuses.push(Status::Revoked.name().into());
        }
        Ok(AccountFilter {
            toolkits: self
                .toolkit_slugs
                .0
                .iter()
                .map(|slug| slug.to_ascii_lowercase())
                .collect(),
            statuses,
            users: self.user_ids.0,
            auth_configs: self.auth_config_ids.0,
            accounts: self.connected_account_ids.0,
            nothing: self.account_type == Some(AccountType::Shared),
        })
    }
}
