//! What to tell a model about a session's tools.

use super::exposed::MetaTool;
use super::scope::Scope;

impl Scope {
    /// A system prompt for the agent of this session: how its meta tools go together, and in which time
    /// zone its user lives where the caller says so.
    #[must_use]
    pub fn assistive_prompt(&self, time_zone: Option<&str>) -> String {
        let mut lines =
            vec!["You act for one user in the services that this user has connected.".into()];
        let has = |tool| self.has_meta_tool(tool);
        if has(MetaTool::SearchTools) {
            lines.push(format!(
                "- Begin each task with {}: one query for each thing to be done. It tells which tools \
                 fit, what they take, what goes wrong easily and whether the service is connected.",
                MetaTool::SearchTools.slug()
            ));
        }
        lines.push(format!(
            "- Call tools by the slugs you were given; never invent one. {} gives the arguments that a \
             search has left out.",
            MetaTool::GetToolSchemas.slug()
        ));
        if has(MetaTool::ManageConnections) {
            lines.push(format!(
                "- Where a service is not connected, ask {} for a link, show it to the user as it is, \
                 and go on when the user says that it is done.",
                MetaTool::ManageConnections.slug()
            ));
        } else {
            lines.push(
                "- Where a service is not connected, tell the user that it must be connected in the \
                 application first."
                    .into(),
            );
        }
        if has(MetaTool::MultiExecuteTool) {
            lines.push(format!(
                "- {} runs calls that do not depend on each other at once. One that fails does not \
                 stop the others: read each result.",
                MetaTool::MultiExecuteTool.slug()
            ));
        }
        lines
            .push("- Ask before you delete, send or publish what the user did not ask for.".into());
        if let Some(zone) = time_zone {
            lines.push(format!(
                "- The user's time zone is {zone}: read and give times in it unless told otherwise."
            ));
        }
        lines.join("\n")
    }
}
