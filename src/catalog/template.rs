//! Text with `{name}` in it: the only templating a manifest has.

/// One `{name}` of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot<'t> {
    /// What stands between the braces, without a leading `+`.
    pub name: &'t str,
    /// Written `{+name}`: a path keeps its `/`.
    pub keep_slashes: bool,
}

/// A piece of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    Slot(Slot<'t>),
}

/// The slots of a template, in order.
pub fn slots(template: &str) -> impl Iterator<Item = Slot<'_>> {
    pieces(template).filter_map(|piece| match piece {
        Piece::Slot(slot) => Some(slot),
        Piece::Text(_) => None,
    })
}

/// Whether every `{` has its `}` and every name is one.
#[must_use]
pub fn is_well_formed(template: &str) -> bool {
    pieces(template).all(|piece| match piece {
        Piece::Text(text) => !text.contains(['{', '}']),
        Piece::Slot(slot) => !slot.name.is_empty() && !slot.name.contains('{'),
    })
}

/// The template with every slot replaced by what `value` gives for it.
///
/// # Errors
/// The name of the first slot for which there is no value.
pub fn fill<'t>(
    template: &'t str,
    mut value: impl FnMut(Slot<'t>) -> Option<String>,
) -> Result<String, &'t str> {
    pieces(template)
        .map(|piece| match piece {
            Piece::Text(text) => Ok(text.to_owned()),
            Piece::Slot(slot) => value(slot).ok_or(slot.name),
        })
        .collect()
}

fn pieces(template: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let open = rest.find('{').unwrap_or(rest.len());
        if open > 0 {
            let (text, tail) = rest.split_at(open);
            rest = tail;
            return Some(Piece::Text(text));
        }
        let Some(close) = rest.find('}') else {
            return Some(Piece::Text(std::mem::take(&mut rest)));
        };
        let inner = &rest[1..close];
        rest = &rest[close + 1..];
        let name = inner.strip_prefix('+');
        Some(Piece::Slot(Slot {
            name: name.unwrap_or(inner),
            keep_slashes: name.is_some(),
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_replaced_and_text_stays() {
        let filled = fill("/repos/{owner}/{+path}!", |slot| {
            Some(format!(
                "<{}{}>",
                slot.name,
                if slot.keep_slashes { " kept" } else { "" }
            ))
        });
        assert_eq!(filled.as_deref(), Ok("/repos/<owner>/<path kept>!"));
    }

    #[test]
    fn a_slot_without_a_value_is_named() {
        assert_eq!(
            fill("{a}/{b}", |slot| (slot.name == "a").then(String::new)),
            Err("b")
        );
    }

    #[test]
    fn a_lonely_brace_or_an_empty_name_is_not_well_formed() {
        for (template, good) in [
            ("/x/{a}", true),
            ("plain", true),
            ("/x/{a", false),
            ("/x}", false),
            ("{}", false),
            ("{+}", false),
        ] {
            assert_eq!(is_well_formed(template), good, "{template}");
        }
    }
}
