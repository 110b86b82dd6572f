//! What the documents say is so: their links lead somewhere, their examples work, and no setting is
//! left out.

use clap::Args;
use tenon::config::Config;

use super::repository;
use crate::support::server::TestServer;

const DOCUMENTS: [&str; 5] = [
    "README.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "toolkits/README.md",
];

fn read(document: &str) -> String {
    std::fs::read_to_string(repository().join(document)).unwrap()
}

#[test]
fn every_link_of_the_documents_leads_to_a_file() {
    let mut broken = Vec::new();
    for document in DOCUMENTS {
        let folder = repository().join(document).parent().unwrap().to_owned();
        let text = read(document);
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let path = link.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains("://") && !folder.join(path).exists() {
                broken.push(format!("{document} links to {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_setting_stands_in_the_readme() {
    let readme = read("README.md");
    let command = Config::augment_args(clap::Command::new("tenon"));
    let variables: Vec<String> = command
        .get_arguments()
        .filter_map(|argument| argument.get_env())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    assert!(
        variables.len() > 10,
        "the settings were not read: {variables:?}"
    );
    let missing: Vec<&String> = variables
        .iter()
        .filter(|name| !readme.contains(&format!("`{name}`")))
        .collect();
    assert!(
        missing.is_empty(),
        "add these to the README's table: {missing:?}"
    );
}

#[tokio::test]
async fn the_example_toolkit_of_contributing_works() {
    let folder = tempfile::tempdir().unwrap();
    let text = read("CONTRIBUTING.md");
    for block in text.split("```yaml\n# toolkits/").skip(1) {
        let (name, rest) = block.split_once('\n').unwrap();
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, rest.split("```").next().unwrap()).unwrap();
    }
    let toolkits = folder.path().display().to_string();
    let server = TestServer::with(&["--toolkits-dir", &toolkits]).await;
    let tool = server
        .client
        .get("/api/v3/tools/ACME_GET_A_NOTE")
        .await
        .expect(200);
    assert_eq!(
        tool["input_parameters"]["required"],
        serde_json::json!(["note_id"])
    );
}
