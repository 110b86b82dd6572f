//! Rules for triggers. Nothing runs them yet; what is written about them must hold all the same.

use super::tool::is_tool_slug;
use super::{Report, expressions, is_plain_name};
use crate::catalog::manifest::{
    Challenge, StepManifest, ToolkitManifest, TriggerKind, TriggerManifest, Verify, VerifyAlgorithm,
};
use crate::catalog::template;

/// What of a path is filled from elsewhere than the configuration.
const ROOTS: [&str; 4] = ["state", "item", "steps", "config"];
/// What a signature may cover.
const SIGNED: [&str; 5] = ["body", "ts", "url", "method", "id"];

pub(super) fn check(trigger: &TriggerManifest, toolkit: &ToolkitManifest, report: &mut Report<'_>) {
    let prefix = format!("{}_", toolkit.slug.to_ascii_uppercase());
    for slug in std::iter::once(&trigger.slug).chain(&trigger.aliases) {
        report.require(is_tool_slug(slug) && slug.starts_with(&prefix), || {
            format!("slug: `{slug}` must begin with {prefix} and be of A-Z, 0-9 and _")
        });
    }
    for (key, text) in [
        ("name", &trigger.name),
        ("description", &trigger.description),
    ] {
        report.require(!text.trim().is_empty(), || {
            format!("{key}: must not be empty")
        });
    }
    for field in &trigger.config {
        report.require(is_plain_name(&field.arg), || {
            format!("config.{}: is no name", field.arg)
        });
    }
    check_requests(trigger, toolkit, report);
    for (key, expression) in trigger.expressions() {
        if expression.source() != "generate" {
            expressions::compiles(key, expression, report);
        }
    }
    for step in trigger.steps.iter().chain(&trigger.hydrate) {
        check_step(step, report);
    }
    match trigger.kind {
        TriggerKind::Webhook => check_webhook(trigger, report),
        TriggerKind::Poll => check_poll(trigger, report),
    }
}

fn check_requests(trigger: &TriggerManifest, toolkit: &ToolkitManifest, report: &mut Report<'_>) {
    for (at, request) in trigger.requests() {
        for (key, expression) in request.expressions() {
            expressions::compiles(&format!("{at}.{key}"), expression, report);
        }
        if let Some(server) = &request.server {
            report.require(toolkit.servers.contains_key(server), || {
                format!("{at}.server: `{server}` is none of the toolkit's servers")
            });
        }
        report.require(template::is_well_formed(&request.path), || {
            format!("{at}.path: a brace has no partner")
        });
        for slot in template::slots(&request.path) {
            let (root, member) = slot.name.split_once('.').unwrap_or((slot.name, ""));
            let is_config = root != "config" || trigger.config.iter().any(|arg| arg.arg == member);
            report.require(ROOTS.contains(&root) && is_config, || {
                format!("{at}.path: {{{}}} is not there", slot.name)
            });
        }
    }
}

fn check_step(step: &StepManifest, report: &mut Report<'_>) {
    for (key, expression) in step.expressions() {
        // Those of its request were seen already.
        if !key.starts_with("request.") {
            expressions::compiles(&format!("steps.{}.{key}", step.id), expression, report);
        }
    }
}

fn check_webhook(trigger: &TriggerManifest, report: &mut Report<'_>) {
    report.require(trigger.mode.is_some(), || {
        "mode: is missing: per_instance or per_app".into()
    });
    report.require(trigger.events.is_some(), || {
        "events: is missing: what events a delivery holds".into()
    });
    report.require(
        trigger.items.is_none() && trigger.snapshot.is_none(),
        || "items: and `snapshot` are words of `type: poll`".into(),
    );
    match &trigger.verify {
        None => report.add("verify: is missing: how a delivery proves where it comes from"),
        Some(verify) => check_verify(verify, report),
    }
}

fn check_verify(verify: &Verify, report: &mut Report<'_>) {
    if let Some(signed) = &verify.signed {
        let is_known = template::is_well_formed(signed)
            && template::slots(signed).all(|slot| SIGNED.contains(&slot.name));
        report.require(is_known, || {
            format!("verify.signed: may name {{{}}} alone", SIGNED.join("}, {"))
        });
    }
    let needs_header = matches!(
        verify.algo,
        VerifyAlgorithm::HmacSha256
            | VerifyAlgorithm::HmacSha1
            | VerifyAlgorithm::Sha256Concat
            | VerifyAlgorithm::Equals
            | VerifyAlgorithm::Ed25519
            | VerifyAlgorithm::EcdsaP256
            | VerifyAlgorithm::RsaSha256
    );
    report.require(!needs_header || verify.header.is_some(), || {
        "verify.header: is missing: where the signature stands".into()
    });
    let encodings = [None, Some("hex"), Some("base64"), Some("base64url")];
    report.require(encodings.contains(&verify.encoding.as_deref()), || {
        "verify.encoding: is none of hex, base64, base64url".into()
    });
    if let Some(challenge) = &verify.challenge {
        let Challenge {
            when: _,
            echo_json,
            echo_text,
            echo_header,
            head_200,
            hmac_response,
        } = challenge;
        let answers = [echo_json, echo_text, echo_header, hmac_response];
        let count = answers.into_iter().flatten().count() + usize::from(*head_200);
        report.require(count == 1, || {
            "verify.challenge: needs one answer, such as echo_json".into()
        });
    }
}

fn check_poll(trigger: &TriggerManifest, report: &mut Report<'_>) {
    report.require(
        trigger.request.is_some() == trigger.steps.is_empty(),
        || "request: this or `steps` says what is asked for".into(),
    );
    let by_items = trigger.items.is_some() && trigger.id.is_some();
    report.require(by_items != trigger.snapshot.is_some(), || {
        "items: and `id` say what was found, or `snapshot` what is compared".into()
    });
    report.require(trigger.emit.is_some() || trigger.snapshot.is_some(), || {
        "emit: is missing: the event that an item makes".into()
    });
    let is_webhook = trigger.register.is_some() || trigger.verify.is_some();
    report.require(!is_webhook && trigger.mode.is_none(), || {
        "register: and `verify` are words of `type: webhook`".into()
    });
    if let Some(interval) = trigger.interval_s {
        report.require(
            interval.min >= 1 && interval.default >= interval.min,
            || "interval_s: default must be min at least".into(),
        );
    }
}
