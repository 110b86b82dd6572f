//! A field that may be absent, null or there: a change keeps, clears or sets it.

use serde::{Deserialize, Deserializer};

/// What a body says of a field.
#[derive(Debug, Clone, Default)]
pub(super) enum Given<T> {
    /// Nothing.
    #[default]
    Absent,
    /// That it be as it was without a setting.
    Null,
    /// This.
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::<T>::deserialize(deserializer)?;
        Ok(value.map_or(Self::Null, Self::Value))
    }
}

impl<T> Given<T> {
    /// Sets `field` to the value or, for null, to what it is without a setting.
    pub(super) fn set<F: Default>(self, field: &mut F, read: impl FnOnce(T) -> F) {
        match self {
            Self::Absent => {}
            Self::Null => *field = F::default(),
            Self::Value(value) => *field = read(value),
        }
    }

    /// Sets `field` to the value or, for null, to `otherwise`.
    pub(super) fn set_or(self, field: &mut T, otherwise: T) {
        match self {
            Self::Absent => {}
            Self::Null => *field = otherwise,
            Self::Value(value) => *field = value,
        }
    }

    /// Changes `field` by the value or, for null, makes it what it is without a setting.
    pub(super) fn change<F: Default>(self, field: &mut F, apply: impl FnOnce(T, &mut F)) {
        match self {
            Self::Absent => {}
            Self::Null => *field = F::default(),
            Self::Value(value) => apply(value, field),
        }
    }
}
