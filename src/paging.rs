//! Pages of lists: the clamped limit, the opaque cursor, the numbers every list answers.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Items on a page when the caller names no limit.
pub const DEFAULT_LIMIT: u32 = 100;
/// Most items on a page; a larger limit is clamped, since SDKs send 9999.
pub const MAX_LIMIT: u32 = 1000;

/// Which page of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Items on the page, 1 to [`MAX_LIMIT`].
    pub limit: u32,
    /// Items before the page.
    pub offset: u64,
}

#[derive(Serialize, Deserialize)]
struct Position {
    offset: u64,
}

impl PageRequest {
    /// Reads a limit and a cursor as a query brings them.
    ///
    /// # Errors
    /// When the cursor is not one of ours.
    pub fn new(limit: Option<i64>, cursor: Option<&str>) -> Result<Self> {
        let limit = match limit {
            None => DEFAULT_LIMIT,
            Some(limit) => u32::try_from(limit.max(1))
                .unwrap_or(MAX_LIMIT)
                .min(MAX_LIMIT),
        };
        let offset = match cursor.filter(|cursor| !cursor.is_empty()) {
            None => 0,
            Some(cursor) => URL_SAFE_NO_PAD
                .decode(cursor)
                .ok()
                .and_then(|json| serde_json::from_slice::<Position>(&json).ok())
                .map(|position| position.offset)
                .filter(|offset| i64::try_from(*offset).is_ok())
                .ok_or_else(|| {
                    Error::invalid_with_fix(
                        "the cursor is not valid",
                        "Send `next_cursor` of the page before, unchanged.",
                    )
                })?,
        };
        Ok(Self { limit, offset })
    }

    /// The limit as SQL takes it.
    #[must_use]
    pub fn sql_limit(self) -> i64 {
        i64::from(self.limit)
    }

    /// The offset as SQL takes it.
    #[must_use]
    pub fn sql_offset(self) -> i64 {
        i64::try_from(self.offset).unwrap_or(i64::MAX)
    }

    /// The page that holds `items` out of `total`.
    #[must_use]
    pub fn page<T>(self, items: Vec<T>, total: u64) -> Page<T> {
        let limit = u64::from(self.limit);
        let next = self.offset.saturating_add(items.len() as u64);
        let next_cursor = (!items.is_empty() && next < total).then(|| {
            let json = serde_json::json!({ "offset": next }).to_string();
            URL_SAFE_NO_PAD.encode(json)
        });
        Page {
            items,
            next_cursor,
            total_pages: total.div_ceil(limit),
            current_page: self.offset / limit + 1,
            total_items: total,
        }
    }

    /// The page of a list that is wholly in memory.
    #[must_use]
    pub fn slice<T: Clone>(self, all: &[T]) -> Page<T> {
        let start = usize::try_from(self.offset)
            .unwrap_or(usize::MAX)
            .min(all.len());
        let end = start.saturating_add(self.limit as usize).min(all.len());
        self.page(all[start..end].to_vec(), all.len() as u64)
    }
}

/// One page of a list, with the numbers the API gives beside the items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Opens the next page; none on the last.
    pub next_cursor: Option<String>,
    /// How many pages of this size there are.
    pub total_pages: u64,
    /// This page's number, from 1.
    pub current_page: u64,
    /// How many items there are on all pages.
    pub total_items: u64,
}

impl<T> Page<T> {
    /// The same page with other items in its place.
    #[must_use]
    pub fn with<U>(self, items: Vec<U>) -> Page<U> {
        let Self {
            items: _,
            next_cursor,
            total_pages,
            current_page,
            total_items,
        } = self;
        Page {
            items,
            next_cursor,
            total_pages,
            current_page,
            total_items,
        }
    }

    /// The same page of other things.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        let Self {
            items,
            next_cursor,
            total_pages,
            current_page,
            total_items,
        } = self;
        let items = items.into_iter().map(convert).collect();
        Page {
            items,
            next_cursor,
            total_pages,
            current_page,
            total_items,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn following_the_cursors_shows_every_item_once() {
        let all: Vec<u32> = (0..25).collect();
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let page = PageRequest::new(Some(10), cursor.as_deref())
                .unwrap()
                .slice(&all);
            assert_eq!((page.total_pages, page.total_items), (3, 25));
            seen.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn a_limit_is_clamped_and_never_refused() {
        for (asked, given) in [
            (9999, MAX_LIMIT),
            (0, 1),
            (-3, 1),
            (5, 5),
            (i64::MAX, MAX_LIMIT),
        ] {
            assert_eq!(PageRequest::new(Some(asked), None).unwrap().limit, given);
        }
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        assert!(PageRequest::new(None, Some("not a cursor")).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_cursor_and_limit_are_read_or_refused(limit: Option<i64>, cursor: String) {
            if let Ok(request) = PageRequest::new(limit, Some(&cursor)) {
                proptest::prop_assert!((1..=MAX_LIMIT).contains(&request.limit));
                let page = request.page(vec![()], u64::MAX);
                let next = PageRequest::new(limit, page.next_cursor.as_deref()).unwrap();
                proptest::prop_assert_eq!(next.offset, request.offset + 1);
            }
        }
    }
}
