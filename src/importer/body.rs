//! A body's members as arguments, as far as manifests can write the body.

use super::arguments::{Manner, Refusal, Request};
use super::document::{Dialect, pointer};
use super::operation::{Body, Media, Operation};
use super::report::{Loss, Skip};
use super::schema::{Kind, Resolver, Wanted};
use crate::catalog::manifest::ArgIn;

/// Adds the members of `body` to `request`.
pub(super) fn add<'d>(
    body: &Body<'d>,
    operation: &Operation<'d>,
    manner: &Manner<'_>,
    resolver: &mut Resolver<'_, 'd>,
    request: &mut Request<'d>,
) -> Result<(), Refusal> {
    let refusal = match body.media {
        _ if operation.method == "GET" => Some(Skip::BodyOfGet),
        Media::Json(_) => None,
        Media::Form => Some(Skip::FormBody),
        Media::Multipart => Some(Skip::MultipartBody),
        Media::Raw => Some(Skip::RawBody),
    };
    if let Some(refusal) = refusal {
        return left_out(body, refusal, resolver);
    }
    let source: Vec<_> = body.schema.into_iter().collect();
    let shape = resolver.shape(&source, &[], &body.at);
    let is_empty = shape.kind == Some(Kind::Object) && shape.properties.is_empty();
    // Discovery says of every member what it is, or that there are none.
    if is_empty && resolver.document.dialect == Dialect::Discovery && shape.others.is_empty() {
        return Ok(());
    }
    if is_empty || shape.kind != Some(Kind::Object) {
        return left_out(body, Skip::WholeBody, resolver);
    }
    if shape.is_open || !shape.others.is_empty() {
        resolver.report.lose(Loss::OtherMembers, &body.at, "");
    }
    for (name, source) in &shape.properties {
        let at = pointer(&pointer(&body.at, "properties"), name);
        let mut inner = resolver.shape(source, &shape.references, &at);
        inner.references.extend(&shape.references);
        if inner.is_read_only() {
            continue;
        }
        let required = shape.required.contains(name);
        // A dot makes objects in objects.
        if name.contains('.') || name.is_empty() {
            if required {
                return Err((
                    Skip::RequiredArgument,
                    format!("{name}: a dot in a name of the body"),
                ));
            }
            resolver
                .report
                .lose(Loss::ArgumentLeftOut, &at, "a dot in a name of the body");
            continue;
        }
        let wanted = Wanted {
            name: String::new(),
            at,
            shape: inner,
            description: None,
            required,
        };
        request.add(name, wanted, ArgIn::Body, false, manner);
    }
    if let Media::Json(Some(name)) = body.media {
        request
            .headers
            .insert("Content-Type".into(), name.to_owned());
    }
    Ok(())
}

fn left_out(
    body: &Body<'_>,
    refusal: Skip,
    resolver: &mut Resolver<'_, '_>,
) -> Result<(), Refusal> {
    if body.required {
        return Err((refusal, String::new()));
    }
    resolver.report.lose(Loss::BodyLeftOut, &body.at, "");
    Ok(())
}
