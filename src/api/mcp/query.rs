//! How lists of MCP servers and of their users are narrowed, ordered and paged.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::extract::{CommaList, number};
use crate::error::{Error, Result};
use crate::paging::PageRequest;
use crate::storage::mcp_servers::{Order, ServerFilter};

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListMcpServersQuery {
    /// Part of the name, in any case.
    #[param(nullable = false, example = "issues")]
    name: Option<String>,
    /// Slugs of toolkits, with commas between them.
    #[serde(default)]
    #[param(value_type = Option<String>, nullable = false)]
    toolkits: CommaList,
    /// Ids of auth configs, with commas between them.
    #[serde(default)]
    #[param(value_type = Option<String>, nullable = false)]
    auth_config_ids: CommaList,
    /// By when they were made, or last changed.
    #[param(inline, nullable = false)]
    order_by: Option<OrderBy>,
    /// Newest first, or oldest first.
    #[param(inline, nullable = false)]
    order_direction: Option<Direction>,
    /// The page, from 1.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<f64>, nullable, default = 1)]
    page_no: Option<i64>,
    /// MCP servers on a page, at most 1000.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<f64>, nullable, default = 10)]
    limit: Option<i64>,
}

impl ListMcpServersQuery {
    /// The filter, the order, the page; `toolkit` is one that every server must have.
    pub(super) fn read(self, toolkit: Option<&str>) -> Result<(ServerFilter, Order, PageRequest)> {
        let toolkits = self.toolkits.0.iter();
        let filter = ServerFilter {
            name: self.name,
            toolkits: toolkits.map(|slug| slug.to_ascii_lowercase()).collect(),
            toolkit: toolkit.map(str::to_ascii_lowercase),
            auth_configs: self.auth_config_ids.0,
        };
        let page = numbered(self.page_no, self.limit, 10)?;
        Ok((filter, order(self.order_by, self.order_direction), page))
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListInstancesQuery {
    /// The page, from 1.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<f64>, nullable, default = 1)]
    page_no: Option<i64>,
    /// Instances on a page, at most 1000.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<f64>, nullable, default = 20)]
    limit: Option<i64>,
    /// Part of the user's or the instance's id.
    #[param(nullable = false, example = "user-1")]
    pub(super) search: Option<String>,
    /// By when they were made, or last changed.
    #[param(inline, nullable = false)]
    order_by: Option<OrderBy>,
    /// Newest first, or oldest first.
    #[param(inline, nullable = false)]
    order_direction: Option<Direction>,
}

impl ListInstancesQuery {
    pub(super) fn page(&self) -> Result<PageRequest> {
        numbered(self.page_no, self.limit, 20)
    }

    pub(super) fn order(&self) -> Order {
        order(self.order_by, self.order_direction)
    }
}

/// What a list is ordered by.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum OrderBy {
    CreatedAt,
    #[default]
    UpdatedAt,
}

/// Which end comes first.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Direction {
    Asc,
    #[default]
    Desc,
}

fn order(by: Option<OrderBy>, direction: Option<Direction>) -> Order {
    match (by.unwrap_or_default(), direction.unwrap_or_default()) {
        (OrderBy::CreatedAt, Direction::Asc) => Order::CreatedAscending,
        (OrderBy::CreatedAt, Direction::Desc) => Order::CreatedDescending,
        (OrderBy::UpdatedAt, Direction::Asc) => Order::UpdatedAscending,
        (OrderBy::UpdatedAt, Direction::Desc) => Order::UpdatedDescending,
    }
}

/// A page by its number, with `most` items unless the caller says how many.
fn numbered(page: Option<i64>, limit: Option<i64>, most: i64) -> Result<PageRequest> {
    let mut request = PageRequest::new(limit.or(Some(most)), None)?;
    let number = u64::try_from(page.unwrap_or(1)).unwrap_or_default();
    let before = number
        .checked_sub(1)
        .and_then(|before| before.checked_mul(u64::from(request.limit)))
        .filter(|offset| i64::try_from(*offset).is_ok());
    request.offset =
        before.ok_or_else(|| Error::fields(vec!["page_no: must be 1 or more".into()]))?;
    Ok(request)
}
