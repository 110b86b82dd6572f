//! What an import did: every step that lost something, with the place in the description.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// Places that are listed one by one; beyond that only the counts grow.
const MOST_LISTED: usize = 5_000;
/// Of a place and of a detail, in bytes.
const LONGEST_TOLD: usize = 500;

/// What a toolkit cannot say, or says less well than the description did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// A value that may be of several kinds is published as one of them.
    Union,
    /// A value of no kind is published as text.
    AnyKind,
    /// "One of these members of an object must be given" is not checked before sending.
    OneOfRequired,
    /// A schema that contains itself ends in an open object.
    Recursion,
    /// A reference leads out of the document, and is not followed.
    ExternalReference,
    /// A reference leads nowhere.
    DanglingReference,
    /// Deeper parts ended in open objects, so that the schema stays small.
    TooLarge,
    /// A keyword had a value that makes no sense, and was left out.
    BrokenKeyword,
    /// A list of values was too long to be published.
    LongEnum,
    /// A choice that is an empty text was left out: a model's vendor refuses it.
    EmptyChoice,
    /// A member by whose name a model's vendor refuses a tool is named in the description alone.
    MemberName,
    /// Cookies cannot be sent.
    CookieParameter,
    /// An optional argument has no room in what models are shown; callers may give it.
    ArgumentHidden,
    /// An optional argument cannot be sent, and was left out.
    ArgumentLeftOut,
    /// An optional body cannot be sent, and was left out.
    BodyLeftOut,
    /// A body of which nothing is said but in an example within the description is an open object,
    /// or files.
    BodyGuessed,
    /// An object in a query travels as JSON text.
    ObjectAsText,
    /// Members beyond those described cannot be given.
    OtherMembers,
    /// The path names a parameter that is not described.
    UndescribedParameter,
    /// The vendor calls the operation deprecated without naming another.
    Deprecated,
    /// A way to connect that cannot be expressed.
    AuthLeftOut,
    /// How the credential is written had to be guessed.
    AuthGuessed,
    /// The vendor accepts one of several scopes; one was chosen.
    ScopeChosen,
    /// A part of the address was replaced by its default.
    ServerVariable,
    /// The operation has a server of its own, which cannot be among the toolkit's.
    OperationServer,
}

/// Why an operation is not there at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// It was not asked for.
    NotSelected,
    /// Manifests know GET, POST, PUT, PATCH and DELETE.
    Method,
    /// The body is a form whose members are not described.
    UndescribedForm,
    /// GET has no body.
    BodyOfGet,
    /// DELETE has no body but one of JSON or a plain form.
    BodyOfDelete,
    /// Its server is at a host of somebody else's, which is to get no credential of the API's.
    ForeignServer,
    /// An argument that must be given cannot be sent.
    RequiredArgument,
    /// The path is none.
    Path,
    /// MCP: it is to be called as a task.
    Task,
    /// The description has more operations than one toolkit may be made of.
    TooMany,
    /// The tool would break a rule of manifests; the detail says which.
    Rule,
}

/// One step that lost something.
#[derive(Debug, Clone, Serialize)]
pub struct Note {
    /// What was lost.
    pub loss: Loss,
    /// Where, as a JSON pointer into the description.
    pub at: String,
    /// What exactly; often empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// One operation that is not there.
#[derive(Debug, Clone, Serialize)]
pub struct Skipped {
    /// `GET /things/{id}`
    pub operation: String,
    /// Why.
    pub reason: Skip,
    /// What exactly; often empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// The report of one import.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Operations of the description.
    pub operations: usize,
    /// Tools made of them.
    pub converted: usize,
    /// Where credentials go: origins, and patterns of hosts; known when the toolkit is written.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub credential_hosts: BTreeSet<String>,
    /// Operations left out, by reason.
    pub skipped_by_reason: BTreeMap<Skip, usize>,
    /// Lossy steps, by kind.
    pub losses: BTreeMap<Loss, usize>,
    /// Each operation left out.
    pub skipped: Vec<Skipped>,
    /// Each lossy step, up to 5,000.
    pub notes: Vec<Note>,
    /// What a second import found changed by hand, and kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kept_edits: Vec<String>,
    /// Rules that tools break with those changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub broken_edits: Vec<String>,
    /// Tools whose operation the description has no more; they stay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vanished: Vec<String>,
    /// Tools that were taken out by hand; they stay out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed_by_hand: Vec<String>,
}

impl Report {
    /// Notes a lossy step.
    pub(super) fn lose(&mut self, loss: Loss, at: &str, detail: impl Into<String>) {
        *self.losses.entry(loss).or_default() += 1;
        if self.notes.len() < MOST_LISTED {
            self.notes.push(Note {
                loss,
                at: told(at.to_owned()),
                detail: told(detail.into()),
            });
        }
    }

    /// Takes in what was lost on the way to one tool.
    pub(super) fn absorb(&mut self, one: Self) {
        let Self { losses, notes, .. } = one;
        for (loss, count) in losses {
            *self.losses.entry(loss).or_default() += count;
        }
        let room = MOST_LISTED - self.notes.len();
        self.notes.extend(notes.into_iter().take(room));
    }

    /// Notes an operation that is left out.
    pub(super) fn skip(&mut self, operation: &str, reason: Skip, detail: impl Into<String>) {
        *self.skipped_by_reason.entry(reason).or_default() += 1;
        if self.skipped.len() < MOST_LISTED {
            self.skipped.push(Skipped {
                operation: told(operation.to_owned()),
                reason,
                detail: told(detail.into()),
            });
        }
    }
}

fn told(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(LONGEST_TOLD));
    text
}
