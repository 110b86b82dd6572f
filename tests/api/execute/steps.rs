//! Tools of several requests.

use rstest::rstest;
use serde_json::json;

use super::format::Words;
use crate::support::upstream::{Answer, Upstream};

const TOOLS: &str = r#"
- slug: WORDS_FETCH
  name: Fetch
  description: Lists notes and fetches each.
  args:
    - { arg: topic, type: string, name: q, description: About what. }
    - { arg: owner, type: string, default: me, send_default: true, description: Whose. }
    - { arg: ids_only, type: boolean, in: none, description: No texts. }
  steps:
    - { id: list, request: { method: GET, path: "/{owner}/notes" } }
    - id: full
      when: .args.ids_only | not
      for_each: .steps.list.body.notes // []
      concurrency: 3
      limit: 4
      on_error: keep
      request: { method: GET, path: "/notes/{item.id}", query: '{format: "full"}' }
  response: { data: '{ids: [.steps.list.body.notes[].id], texts: [.steps.full // [] | .[] | .body.text // .status]}' }
- slug: WORDS_MOVE
  name: Move
  description: Makes a thing and moves it.
  args:
    - { arg: title, type: string, required: true, description: What. }
    - { arg: folder, type: string, in: none, description: Where. }
  steps:
    - { id: made, request: { method: POST, path: /things } }
    - id: moved
      when: .args.folder
      request: { method: PUT, path: "/things/{steps.made.body.id}/folder", body: '{to: .args.folder, tags: (.steps.made.body.tags | map(ascii_upcase))}' }
- slug: WORDS_WAIT
  name: Wait
  description: Starts a job and waits.
  steps:
    - { id: start, request: { method: POST, path: /jobs } }
    - { id: done, until: .body.state == "done", every_s: 1, max_tries: 2, request: { method: GET, path: "/jobs/{steps.start.body.id}" } }
  response: { data: .steps.done.body }
- slug: WORDS_EACH
  name: Each
  description: A request for each.
  args: [{ arg: ids, type: array, in: none, required: true, schema: { items: { type: string } }, description: Which. }]
  steps:
    - { id: one, for_each: .args.ids, on_error: skip, request: { method: GET, path: "/each/{item}" } }
- slug: WORDS_PAGES
  name: Pages
  description: Over pages by a cursor.
  args: [{ arg: topic, type: string, description: About what. }]
  steps: [{ id: all, paginate: cursor, auto_paginate: { max_pages: 3 }, request: { method: GET, path: /cursor } }]
- slug: WORDS_NUMBERED
  name: Numbered
  description: Over numbered pages.
  steps: [{ id: all, paginate: page, auto_paginate: { max_pages: 9 }, request: { method: GET, path: /page } }]
- slug: WORDS_OFFSET
  name: Offset
  description: Over pages by an offset, in a body.
  steps: [{ id: all, paginate: offset, auto_paginate: { max_pages: 9 }, request: { method: POST, path: /offset, body: '{size: 2}' } }]
- slug: WORDS_LINKED
  name: Linked
  description: Over pages by links.
  steps: [{ id: all, paginate: link, auto_paginate: { max_pages: 9 }, request: { method: GET, path: /link } }]
- slug: WORDS_FOLLOW
  name: Follow
  description: Goes where an answer says.
  steps:
    - { id: where, request: { method: GET, path: /where } }
    - { id: there, request: { method: GET, url: .steps.where.body.url } }
- slug: WORDS_TAKE
  name: Take
  description: A file, exported where it has no content of its own.
  args: [{ arg: id, type: string, required: true, description: Which. }]
  steps:
    - { id: meta, request: { method: GET, path: "/takes/{id}" } }
    - { id: exported, when: .steps.meta.body.kind == "doc", request: { method: GET, path: "/takes/{id}/export" } }
    - { id: content, when: .steps.exported == null, request: { method: GET, path: "/takes/{id}/content" } }
  response: { file: { field: taken, name: "{steps.meta.body.name}" } }
"#;

#[rstest]
#[case::exported("doc", "/takes/t/export")]
#[case::as_it_is("image", "/takes/t/content")]
#[tokio::test]
async fn the_step_that_is_made_last_may_bring_a_file_that_an_earlier_one_names(
    #[case] kind: &str,
    #[case] path: &str,
) {
    let words = Words::with(TOOLS).await;
    let meta = json!({ "kind": kind, "name": "plan.txt" });
    words.upstream.answer("/takes/t", Answer::json(200, &meta));
    words
        .upstream
        .answer(path, Answer::text(200, "text/plain", "the plan"));
    let result = words.result("WORDS_TAKE", json!({ "id": "t" })).await;
    let taken = &result["data"]["taken"];
    assert_eq!(
        (&taken["name"], &taken["mimetype"]),
        (&json!("plan.txt"), &json!("text/plain"))
    );
    assert!(taken["s3url"].is_string(), "{result}");
    assert_eq!(words.paths(), ["/takes/t", path]);
}

#[tokio::test]
async fn each_item_of_a_list_is_fetched_and_a_refusal_kept() {
    let words = Words::with(TOOLS).await;
    let notes = ["a", "b", "c", "d", "e"].map(|id| json!({ "id": id }));
    words
        .upstream
        .answer("/me/notes", Answer::json(200, &json!({ "notes": notes })));
    for id in ["a", "b", "d"] {
        let answer = Answer::json(200, &json!({ "text": format!("text of {id}") }));
        words.upstream.answer(&format!("/notes/{id}"), answer);
    }
    words
        .upstream
        .answer("/notes/c", Answer::json(404, &json!({ "why": "gone" })));
    let result = words.result("WORDS_FETCH", json!({ "topic": "tea" })).await;
    assert_eq!(
        result["data"],
        json!({ "ids": ["a", "b", "c", "d", "e"], "texts": ["text of a", "text of b", 404, "text of d"] })
    );
    let mut paths = words.paths();
    assert_eq!(paths.remove(0), "/me/notes?q=tea");
    paths.sort();
    assert_eq!(
        paths,
        ["a", "b", "c", "d"].map(|id| format!("/notes/{id}?format=full"))
    );
}

#[tokio::test]
async fn a_step_whose_condition_does_not_hold_is_left_out() {
    let words = Words::with(TOOLS).await;
    words.upstream.answer(
        "/me/notes",
        Answer::json(200, &json!({ "notes": [{ "id": "a" }] })),
    );
    let result = words
        .result("WORDS_FETCH", json!({ "ids_only": true }))
        .await;
    assert_eq!(result["data"], json!({ "ids": ["a"], "texts": [] }));
    assert_eq!(words.paths(), ["/me/notes"]);
}

#[tokio::test]
async fn a_step_uses_what_earlier_ones_brought_and_the_last_answer_is_the_result() {
    let words = Words::with(TOOLS).await;
    words.upstream.answer(
        "/things",
        Answer::json(200, &json!({ "id": "t/1", "tags": ["x"] })),
    );
    words.upstream.answer(
        "/things/t%2F1/folder",
        Answer::json(200, &json!({ "moved": true })),
    );
    let result = words
        .result("WORDS_MOVE", json!({ "title": "T", "folder": "f" }))
        .await;
    assert_eq!(result["data"], json!({ "moved": true }), "{result}");
    let calls = words.upstream.calls();
    assert_eq!(calls[0].json(), json!({ "title": "T" }));
    assert_eq!(calls[1].json(), json!({ "to": "f", "tags": ["X"] }));
    let result = words.result("WORDS_MOVE", json!({ "title": "T" })).await;
    assert_eq!(result["data"], json!({ "id": "t/1", "tags": ["x"] }));
}

#[tokio::test]
async fn a_step_that_is_refused_or_cannot_be_made_ends_the_tool_as_a_result() {
    let words = Words::with(TOOLS).await;
    words
        .upstream
        .answer("/things", Answer::json(422, &json!({ "why": "no title" })));
    words
        .upstream
        .answer("/things", Answer::json(200, &json!({ "id": "t1" })));
    let result = words
        .result("WORDS_MOVE", json!({ "title": "T", "folder": "f" }))
        .await;
    assert_eq!(
        (&result["successful"], &result["error"]),
        (&json!(false), &json!("422 no title"))
    );
    let result = words
        .result("WORDS_MOVE", json!({ "title": "T", "folder": "f" }))
        .await;
    assert_eq!(result["successful"], false);
    let error = result["error"].as_str().unwrap();
    assert!(error.contains("steps.moved.request.body"), "{error}");
    assert_eq!(words.paths(), ["/things", "/things"]);
}

#[tokio::test]
async fn a_job_is_asked_for_until_it_is_done_or_for_too_long() {
    let words = Words::with(TOOLS).await;
    words
        .upstream
        .answer("/jobs", Answer::json(200, &json!({ "id": 7 })));
    words
        .upstream
        .answer("/jobs/7", Answer::json(200, &json!({ "state": "busy" })));
    words.upstream.answer(
        "/jobs/7",
        Answer::json(200, &json!({ "state": "done", "rows": 3 })),
    );
    words
        .upstream
        .answer("/jobs/7", Answer::json(200, &json!({ "state": "busy" })));
    let result = words.result("WORDS_WAIT", json!({})).await;
    assert_eq!(result["data"], json!({ "state": "done", "rows": 3 }));
    let result = words.result("WORDS_WAIT", json!({})).await;
    assert_eq!(result["error"], "step done was not done after 2 tries");
}

#[tokio::test]
async fn items_whose_requests_fail_can_be_skipped() {
    let words = Words::with(TOOLS).await;
    words
        .upstream
        .answer("/each/b", Answer::json(500, &json!({})));
    let result = words
        .result("WORDS_EACH", json!({ "ids": ["a", "b", "c"] }))
        .await;
    assert_eq!(
        result["data"],
        json!({ "response_data": [{ "ok": true }, { "ok": true }] })
    );
}

#[tokio::test]
async fn pages_are_fetched_and_their_items_stand_together() {
    let words = Words::with(TOOLS).await;
    for (items, next) in [
        (json!([1, 2]), json!("p2")),
        (json!([3]), json!("p3")),
        (json!([4]), json!("p4")),
    ] {
        let page = json!({ "items": items, "next": next });
        words.upstream.answer("/cursor", Answer::json(200, &page));
    }
    let result = words.result("WORDS_PAGES", json!({ "topic": "tea" })).await;
    assert_eq!(
        result["data"],
        json!({ "items": [1, 2, 3, 4], "next": "p4" })
    );
    assert_eq!(
        words.paths(),
        [
            "/cursor?topic=tea",
            "/cursor?topic=tea&cursor=p2",
            "/cursor?topic=tea&cursor=p3"
        ]
    );
}

#[tokio::test]
async fn pages_are_counted_by_number_or_by_item_and_found_by_links() {
    let words = Words::with(TOOLS).await;
    for items in [json!([1, 2]), json!([3]), json!([])] {
        words
            .upstream
            .answer("/page", Answer::json(200, &json!({ "items": items })));
    }
    for (items, more) in [(json!([1, 2]), true), (json!([3]), false)] {
        words.upstream.answer(
            "/offset",
            Answer::json(200, &json!({ "items": items, "more": more })),
        );
    }
    let first = Answer::json(200, &json!([1])).header("link", "</link?after=x>; rel=\"next\"");
    words.upstream.answer("/link", first);
    words
        .upstream
        .answer("/link", Answer::json(200, &json!([2])));
    let numbered = words.result("WORDS_NUMBERED", json!({})).await;
    assert_eq!(numbered["data"], json!({ "items": [1, 2, 3] }));
    let offset = words.result("WORDS_OFFSET", json!({})).await;
    assert_eq!(offset["data"], json!({ "items": [1, 2, 3], "more": false }));
    let linked = words.result("WORDS_LINKED", json!({})).await;
    assert_eq!(linked["data"], json!({ "response_data": [1, 2] }));
    assert_eq!(
        words.paths(),
        [
            "/page?size=2",
            "/page?size=2&page=2",
            "/page?size=2&page=3",
            "/offset",
            "/offset",
            "/link",
            "/link?after=x",
        ]
    );
    assert_eq!(
        words.upstream.calls()[4].json(),
        json!({ "size": 2, "start": 2 })
    );
}

#[tokio::test]
async fn an_address_out_of_an_answer_must_be_at_a_host_of_the_toolkit() {
    let words = Words::with(TOOLS).await;
    let other = Upstream::start_at("127.0.0.2").await;
    let own = format!("{}/there?x=1", words.upstream.base);
    words
        .upstream
        .answer("/where", Answer::json(200, &json!({ "url": own })));
    words
        .upstream
        .answer("/where", Answer::json(200, &json!({ "url": other.base })));
    let result = words.result("WORDS_FOLLOW", json!({})).await;
    assert_eq!(result["data"], json!({ "ok": true }));
    let result = words.result("WORDS_FOLLOW", json!({})).await;
    assert_eq!(result["successful"], false);
    assert!(
        result["error"]
            .as_str()
            .unwrap()
            .contains("which is not one of its hosts"),
        "{result}"
    );
    assert!(other.calls().is_empty());
}
