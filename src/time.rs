//! Time: one instant type that reads back equal from both engines, and the clock that is passed in.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Postgres, Sqlite};

/// An instant in milliseconds: `TIMESTAMPTZ` on PostgreSQL, fixed-width RFC 3339 text on SQLite,
/// so that text order is time order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// From milliseconds since the Unix epoch; what chrono cannot express becomes the epoch.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self(DateTime::from_timestamp_millis(millis).unwrap_or_default())
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// Whole seconds since the Unix epoch.
    #[must_use]
    pub fn as_secs(self) -> i64 {
        self.0.timestamp()
    }

    /// This instant and `span` later; saturates at the end of time.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        let delta = TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX);
        Self(
            self.0
                .checked_add_signed(delta)
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
        )
    }

    /// This instant and `span` earlier; saturates at the beginning of time.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        let delta = TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX);
        Self(
            self.0
                .checked_sub_signed(delta)
                .unwrap_or(DateTime::<Utc>::MIN_UTC),
        )
    }

    /// RFC 3339 with milliseconds and `Z`: always 24 characters.
    #[must_use]
    pub fn to_text(self) -> String {
        self.0.to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// Reads RFC 3339.
    ///
    /// # Errors
    /// When `text` is no RFC 3339 instant.
    pub fn parse(text: &str) -> Result<Self, chrono::ParseError> {
        let instant = DateTime::parse_from_rfc3339(text)?;
        Ok(Self::from_millis(instant.timestamp_millis()))
    }

    /// Reads a date as HTTP has it, in today's form and the two old ones (RFC 9110 section 5.6.7).
    #[must_use]
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let old = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
        let instant = DateTime::parse_from_rfc2822(text)
            .map(|instant| instant.to_utc())
            .ok()
            .or_else(|| {
                let read = |form| NaiveDateTime::parse_from_str(text, form).ok();
                old.into_iter().find_map(read).map(|date| date.and_utc())
            })?;
        Some(Self::from_millis(instant.timestamp_millis()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl sqlx::Type<Sqlite> for Timestamp {
    fn type_info() -> sqlx::sqlite::SqliteTypeInfo {
        <String as sqlx::Type<Sqlite>>::type_info()
    }
}

impl sqlx::Type<Postgres> for Timestamp {
    fn type_info() -> sqlx::postgres::PgTypeInfo {
        <DateTime<Utc> as sqlx::Type<Postgres>>::type_info()
    }
}

impl<'q> sqlx::Encode<'q, Sqlite> for Timestamp {
    fn encode_by_ref(
        &self,
        buffer: &mut <Sqlite as sqlx::Database>::ArgumentBuffer,
    ) -> Result<IsNull, BoxDynError> {
        <String as sqlx::Encode<'q, Sqlite>>::encode(self.to_text(), buffer)
    }
}

impl<'q> sqlx::Encode<'q, Postgres> for Timestamp {
    fn encode_by_ref(
        &self,
        buffer: &mut <Postgres as sqlx::Database>::ArgumentBuffer,
    ) -> Result<IsNull, BoxDynError> {
        <DateTime<Utc> as sqlx::Encode<'q, Postgres>>::encode_by_ref(&self.0, buffer)
    }
}

impl<'r> sqlx::Decode<'r, Sqlite> for Timestamp {
    fn decode(value: sqlx::sqlite::SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        let text = <&str as sqlx::Decode<'r, Sqlite>>::decode(value)?;
        Ok(Self::parse(text)?)
    }
}

impl<'r> sqlx::Decode<'r, Postgres> for Timestamp {
    fn decode(value: sqlx::postgres::PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let instant = <DateTime<Utc> as sqlx::Decode<'r, Postgres>>::decode(value)?;
        Ok(Self::from_millis(instant.timestamp_millis()))
    }
}

/// Where the present time comes from; nothing else in the product may ask the system.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that only a test moves, in milliseconds since the Unix epoch.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock for tests that stands at `start` until it is moved.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(start.as_millis())))
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(
                clippy::disallowed_methods,
                reason = "this is the clock everyone else uses"
            )]
            Self::System => Timestamp::from_millis(Utc::now().timestamp_millis()),
            Self::Manual(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock forward; the system's clock cannot be moved and stays.
    pub fn advance(&self, span: Duration) {
        if let Self::Manual(millis) = self {
            let step = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
            millis.fetch_add(step, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_order_is_time_order() {
        let early = Timestamp::from_millis(999);
        let late = Timestamp::from_millis(1_700_000_000_000);
        assert!(early.to_text() < late.to_text());
        assert_eq!(early.to_text().len(), late.to_text().len());
        assert_eq!(Timestamp::parse(&late.to_text()).unwrap(), late);
    }

    #[test]
    fn a_manual_clock_moves_only_when_it_is_told_to() {
        let clock = Clock::manual(Timestamp::from_millis(0));
        assert_eq!(clock.now().as_millis(), 0);
        clock.advance(Duration::from_mins(1));
        assert_eq!(clock.now().as_millis(), 60_000);
    }
}
