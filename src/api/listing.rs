//! The answer of a list: one page, and the numbers the API gives beside it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::paging::Page;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listing<T: ToSchema> {
    /// What is on the page.
    items: Vec<T>,
    /// Opens the next page; null on the last.
    #[schema(required = false)]
    next_cursor: Option<String>,
    /// How many pages of this size there are.
    total_pages: u64,
    /// This page's number, from 1.
    current_page: u64,
    /// How many there are on all pages.
    total_items: u64,
}

impl<T: ToSchema> From<Page<T>> for Listing<T> {
    fn from(page: Page<T>) -> Self {
        let Page {
            items,
            next_cursor,
            total_pages,
            current_page,
            total_items,
        } = page;
        Self {
            items,
            next_cursor,
            total_pages,
            current_page,
            total_items,
        }
    }
}
