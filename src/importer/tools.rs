//! All operations as tools, made on all processors and in the description's order.

use std::collections::{BTreeMap, BTreeSet};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde_json::{Map, Value};

use super::address::Servers;
use super::arguments::Manner;
use super::document::Document;
use super::names::{Named, Names};
use super::operation::{Api, Operation, SecurityScheme};
use super::report::{Report, Skip};
use super::schema::{MOST_STEPS, Patterns, Resolver};
use super::{ConvertedTool, Wishes, tool};
use crate::catalog::json_size;

/// Operations that are worked on together, each with a report of its own. They share what the
/// document has left of its steps, so that what comes out is the same on any number of processors.
const BATCH: usize = 64;
/// Of all tools together, in bytes of JSON; the largest known description makes half of it.
const LARGEST: usize = 128 * 1024 * 1024;

/// An operation with its key and its tool's name.
pub(super) struct NamedOperation<'o, 'd> {
    operation: &'o Operation<'d>,
    key: String,
    named: Named,
}

/// Each operation of the API once, all with different names.
pub(super) fn named<'o, 'd>(
    api: &'o Api<'d>,
    slug: &str,
    wishes: &Wishes,
    known: &BTreeMap<String, String>,
) -> Vec<NamedOperation<'o, 'd>> {
    let mut names = Names::new(
        slug,
        wishes.slug_from,
        api.dialect,
        &api.operations,
        known,
        &wishes.slugs,
    );
    let mut seen = BTreeSet::new();
    let keyed = api
        .operations
        .iter()
        .map(|operation| (operation, operation.key()));
    keyed
        .filter(|(_, key)| seen.insert(key.clone()))
        .map(|(operation, key)| NamedOperation {
            operation,
            named: names.name(operation),
            key,
        })
        .collect()
}

/// The tools of `operations`; why there is none for an operation is in the report.
pub(super) fn of<'d>(
    operations: &[NamedOperation<'_, 'd>],
    api: &Api<'d>,
    document: Document<'d>,
    wishes: &Wishes,
    servers: &mut Servers,
    report: &mut Report,
) -> Vec<ConvertedTool> {
    let credentials = credentials(api);
    let manner = Manner {
        is_snake: wishes.snake,
        credentials: &credentials,
    };
    let patterns = Patterns::default();
    let (mut steps, mut room) = (MOST_STEPS, LARGEST);
    let mut found = Vec::with_capacity(operations.len());
    for batch in operations.chunks(BATCH) {
        if room == 0 {
            for one in batch {
                let why = "the toolkit is too large; take a part of it";
                report.skip(&one.key, Skip::TooMany, why);
            }
            continue;
        }
        let endpoint = &servers.endpoint;
        let work = |one: &NamedOperation<'_, 'd>| {
            let mut own = Report::default();
            let mut resolver = Resolver::new(document, &patterns, steps, &mut own);
            let tool = tool::tool(
                api,
                one.operation,
                &one.named,
                &manner,
                endpoint,
                &mut resolver,
            );
            let taken = steps - resolver.steps_left();
            let size = tool.as_ref().map_or(0, size);
            (tool, taken, size, own)
        };
        let made: Vec<_> = batch.par_iter().map(work).collect();
        for (one, (tool, taken, size, own)) in batch.iter().zip(made) {
            steps = steps.saturating_sub(taken);
            room = room.saturating_sub(size);
            report.absorb(own);
            match tool {
                Ok(mut manifest) => {
                    let server = one.operation.server.as_ref();
                    let server = server.map(|own| servers.name(own, &one.operation.at, report));
                    let server = match server.transpose() {
                        Ok(server) => server.flatten(),
                        Err(host) => {
                            report.skip(&one.key, Skip::ForeignServer, host);
                            continue;
                        }
                    };
                    if let Some(server) = server {
                        tool::put_server(&mut manifest, server);
                    }
                    let group = one.operation.tags.first().copied().unwrap_or_default();
                    found.push(ConvertedTool {
                        operation: one.key.clone(),
                        group: group.to_owned(),
                        manifest,
                    });
                }
                Err((reason, detail)) => report.skip(&one.key, reason, detail),
            }
        }
    }
    found
}

fn size(tool: &Map<String, Value>) -> usize {
    let parts = tool.iter().map(|(key, value)| key.len() + json_size(value));
    parts.sum()
}

/// Headers and query parameters that carry a credential: no argument is made of them.
fn credentials(api: &Api<'_>) -> BTreeSet<String> {
    let schemes = api.schemes.values();
    schemes
        .filter_map(|scheme| match scheme {
            SecurityScheme::Key { name, .. } => Some(name.to_ascii_lowercase()),
            SecurityScheme::Bearer
            | SecurityScheme::Basic { .. }
            | SecurityScheme::OAuth2(_)
            | SecurityScheme::Registered(_)
            | SecurityScheme::Token(_)
            | SecurityScheme::Other(_) => None,
        })
        .collect()
}
