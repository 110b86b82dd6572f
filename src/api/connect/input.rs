//! One field of the form, as HTML has it.

use crate::accounts::connect::LinkField;
use crate::catalog::manifest::Field;

/// A field with its label, its help and what is wrong with it.
pub(super) struct Input<'a> {
    /// Unique on the page.
    pub(super) id: String,
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) help: Vec<Words<'a>>,
    pub(super) example: &'a str,
    pub(super) prefix: &'a str,
    pub(super) suffix: &'a str,
    pub(super) is_required: bool,
    /// Never shown.
    pub(super) is_secret: bool,
    /// There is a value already.
    pub(super) is_held: bool,
    /// A whole sentence.
    pub(super) problem: Option<String>,
    pub(super) control: Control<'a>,
}

/// A part of a help.
pub(super) struct Words<'a> {
    pub(super) text: &'a str,
    /// It stands between backticks, as manifests write what is to be read letter by letter.
    pub(super) is_code: bool,
}

/// What the person fills in.
pub(super) enum Control<'a> {
    Text {
        value: &'a str,
        /// The `inputmode` (HTML standard, section 6.8.8).
        keyboard: &'static str,
    },
    Secret,
    Lines {
        value: &'a str,
    },
    Choice {
        choices: Vec<Choice<'a>>,
    },
    Box {
        is_ticked: bool,
    },
}

/// One of the values to choose from.
pub(super) struct Choice<'a> {
    pub(super) value: &'a str,
    pub(super) label: &'a str,
    pub(super) is_chosen: bool,
}

impl<'a> Input<'a> {
    pub(super) fn new(field: &'a LinkField) -> Self {
        let LinkField {
            field: declared,
            value,
            is_held,
            problem,
        } = field;
        let control = control(declared, value);
        let is_box = matches!(control, Control::Box { .. });
        Self {
            id: format!("field-{}", declared.name),
            name: &declared.name,
            label: &declared.display_name,
            help: words(declared.description.trim()),
            example: &declared.example,
            prefix: &declared.prefix,
            suffix: &declared.suffix,
            // A box that is not ticked is an answer too.
            is_required: declared.required && !is_box && !(*is_held && declared.secret),
            is_secret: declared.secret,
            is_held: *is_held,
            problem: problem
                .as_ref()
                .map(|problem| format!("{} {problem}.", declared.display_name)),
            control,
        }
    }

    /// What every kind of control has besides its own attributes. Made of names that the catalog
    /// has checked, and nothing else.
    pub(super) fn attributes(&self) -> String {
        let mut parts: Vec<&str> = Vec::new();
        for (part, is_there) in [
            ("problem", self.problem.is_some()),
            ("help", !self.help.is_empty()),
            ("example", !self.example.is_empty()),
            ("kept", self.is_kept()),
            ("prefix", self.is_affixed(self.prefix)),
            ("suffix", self.is_affixed(self.suffix)),
        ] {
            if is_there {
                parts.push(part);
            }
        }
        let ids: Vec<String> = parts
            .iter()
            .map(|part| format!("{}-{part}", self.id))
            .collect();
        let mut attributes = String::new();
        if self.is_required {
            attributes.push_str(" required");
        }
        if self.problem.is_some() {
            attributes.push_str(" aria-invalid=\"true\"");
        }
        if !ids.is_empty() {
            attributes.push_str(&format!(" aria-describedby=\"{}\"", ids.join(" ")));
        }
        attributes
    }

    /// There is a secret already, which is not shown.
    pub(super) const fn is_kept(&self) -> bool {
        self.is_held && self.is_secret
    }

    fn is_affixed(&self, affix: &str) -> bool {
        !affix.is_empty() && matches!(self.control, Control::Text { .. })
    }
}

/// The parts of a text; a backtick without a second one is a letter like any other.
fn words(text: &str) -> Vec<Words<'_>> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`')
        && let Some((code, after)) = after.split_once('`')
    {
        all.push((before, false));
        all.push((code, true));
        rest = after;
    }
    all.push((rest, false));
    let parts = all.into_iter().filter(|(text, _)| !text.is_empty());
    parts
        .map(|(text, is_code)| Words { text, is_code })
        .collect()
}

fn control<'a>(field: &'a Field, value: &'a str) -> Control<'a> {
    if field.kind == "boolean" {
        return Control::Box {
            is_ticked: value == "true",
        };
    }
    if !field.options.is_empty() {
        return Control::Choice {
            choices: choices(field, value),
        };
    }
    match (field.multiline, field.secret) {
        (true, _) => Control::Lines { value },
        (false, true) => Control::Secret,
        (false, false) => Control::Text {
            value,
            keyboard: if field.kind == "number" {
                "decimal"
            } else {
                "text"
            },
        },
    }
}

fn choices<'a>(field: &'a Field, value: &str) -> Vec<Choice<'a>> {
    let is_known = field.options.iter().any(|option| option == value);
    let nothing = Choice {
        value: "",
        label: "Choose one",
        is_chosen: !is_known,
    };
    let options = field.options.iter().map(|option| Choice {
        value: option,
        label: option,
        is_chosen: option == value,
    });
    // Who must choose and has a choice made need not unmake it.
    let offers_nothing = !is_known || !field.required;
    offers_nothing
        .then_some(nothing)
        .into_iter()
        .chain(options)
        .collect()
}
