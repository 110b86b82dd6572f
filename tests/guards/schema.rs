//! The two engines hold the same tables: read from the real databases, in one vocabulary.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use sqlx::{Row, Sqlite, SqlitePool};
use tenon::storage::Db;
use tenon::storage::db::ChangeListener;

use super::repository;
use crate::support::database::{Engine, create_postgres, engine};

/// One fact a line: a column with type and nullability, a key, an index, a reference.
type Facts = BTreeSet<String>;

const SQLITE_COLUMNS: &str = "SELECT m.name, c.cid, c.name, c.type, c.\"notnull\", c.pk
     FROM sqlite_schema m JOIN pragma_table_info(m.name) c
     WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '_sqlx_%'";
const SQLITE_INDEXES: &str = "SELECT m.name, i.name, i.\"unique\", i.partial, k.seqno, k.name
     FROM sqlite_schema m JOIN pragma_index_list(m.name) i JOIN pragma_index_info(i.name) k
     WHERE m.type = 'table' AND i.origin = 'c'";
const SQLITE_REFERENCES: &str = "SELECT m.name, f.\"from\", f.\"table\", f.\"to\", f.on_delete
     FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'";

const POSTGRES_COLUMNS: &str =
    "SELECT c.table_name, c.column_name, c.data_type, c.is_nullable = 'NO',
         EXISTS (SELECT 1 FROM information_schema.key_column_usage k
             JOIN information_schema.table_constraints t USING (constraint_name)
             WHERE t.constraint_type = 'PRIMARY KEY' AND k.table_name = c.table_name
                 AND k.column_name = c.column_name),
         c.ordinal_position
     FROM information_schema.columns c
     WHERE c.table_schema = 'public' AND c.table_name NOT LIKE '\\_sqlx\\_%'";
const POSTGRES_INDEXES: &str =
    "SELECT t.relname::text, i.relname::text, x.indisunique, x.indpred IS NOT NULL,
         (k.place - 1)::bigint, a.attname::text
     FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
         JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public'
         CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY k (number, place)
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
     WHERE NOT x.indisprimary AND t.relname NOT LIKE '\\_sqlx\\_%'";
const POSTGRES_REFERENCES: &str =
    "SELECT t.relname::text, a.attname::text, r.relname::text, b.attname::text,
         CASE c.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'a' THEN 'NO ACTION' ELSE 'OTHER' END
     FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1]
         JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = c.confkey[1]
     WHERE c.contype = 'f'";

/// What SQLite calls the PostgreSQL type that our migrations may use.
fn sqlite_type(postgres: &str) -> &str {
    match postgres {
        "text" | "jsonb" | "timestamp with time zone" => "TEXT",
        "bytea" => "BLOB",
        "boolean" | "bigint" => "INTEGER",
        other => other,
    }
}

async fn sqlite_facts() -> Facts {
    let folder = tempfile::tempdir().unwrap();
    let listener = ChangeListener(Arc::new(|_| {}));
    let db = Db::open_sqlite(&folder.path().join("tenon.db"), listener)
        .await
        .unwrap();
    let Db::Sqlite { read, .. } = &db else {
        panic!("SQLite was opened")
    };
    let mut facts = Facts::new();
    for row in rows(read, SQLITE_COLUMNS).await {
        let (table, place): (String, i64) = (row.get(0), row.get(1));
        let (name, kind): (String, String) = (row.get(2), row.get(3));
        let (not_null, key): (bool, bool) = (row.get(4), row.get::<i64, _>(5) > 0);
        facts.insert(format!(
            "column {table}.{name} at {place}: {kind}, not null {not_null}, key {key}"
        ));
    }
    for row in rows(read, SQLITE_INDEXES).await {
        let (table, index): (String, String) = (row.get(0), row.get(1));
        let (unique, partial): (bool, bool) = (row.get(2), row.get(3));
        let (place, column): (i64, String) = (row.get(4), row.get(5));
        facts.insert(format!(
            "index {index} on {table}: unique {unique}, partial {partial}, {place} is {column}"
        ));
    }
    for row in rows(read, SQLITE_REFERENCES).await {
        let texts: Vec<String> = (0..5).map(|at| row.get(at)).collect();
        facts.insert(format!("reference {}", texts.join(" ")));
    }
    facts
}

async fn rows(pool: &SqlitePool, sql: &'static str) -> Vec<<Sqlite as sqlx::Database>::Row> {
    sqlx::query(sql).fetch_all(pool).await.unwrap()
}

async fn postgres_facts() -> Facts {
    let listener = ChangeListener(Arc::new(|_| {}));
    let db = Db::open_postgres(&create_postgres().await, 1, listener)
        .await
        .unwrap();
    let Db::Postgres { pool, .. } = &db else {
        panic!("PostgreSQL was opened")
    };
    let mut facts = Facts::new();
    for row in sqlx::query(POSTGRES_COLUMNS).fetch_all(pool).await.unwrap() {
        let (table, name, kind): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let (not_null, key): (bool, bool) = (row.get(3), row.get(4));
        let (kind, place) = (sqlite_type(&kind), row.get::<i32, _>(5) - 1);
        facts.insert(format!(
            "column {table}.{name} at {place}: {kind}, not null {not_null}, key {key}"
        ));
    }
    for row in sqlx::query(POSTGRES_INDEXES).fetch_all(pool).await.unwrap() {
        let (table, index): (String, String) = (row.get(0), row.get(1));
        let (unique, partial): (bool, bool) = (row.get(2), row.get(3));
        let (place, column): (i64, String) = (row.get(4), row.get(5));
        facts.insert(format!(
            "index {index} on {table}: unique {unique}, partial {partial}, {place} is {column}"
        ));
    }
    for row in sqlx::query(POSTGRES_REFERENCES)
        .fetch_all(pool)
        .await
        .unwrap()
    {
        let texts: Vec<String> = (0..5).map(|at| row.get(at)).collect();
        facts.insert(format!("reference {}", texts.join(" ")));
    }
    db.close().await;
    facts
}

/// Needs both engines, so it looks in runs on PostgreSQL only; the run on SQLite passes it by.
#[tokio::test]
async fn both_engines_have_the_same_tables_columns_indexes_and_references() {
    if engine() != Engine::Postgres {
        eprintln!("passed by: set TEST_DATABASE=postgres to compare the schemas");
        return;
    }
    let (sqlite, postgres) = (sqlite_facts().await, postgres_facts().await);
    assert!(sqlite.len() > 50, "the schema was not read: {sqlite:#?}");
    let only_sqlite: Vec<&String> = sqlite.difference(&postgres).collect();
    let only_postgres: Vec<&String> = postgres.difference(&sqlite).collect();
    assert!(
        only_sqlite.is_empty() && only_postgres.is_empty(),
        "only in SQLite: {only_sqlite:#?}\nonly in PostgreSQL: {only_postgres:#?}"
    );
}

#[test]
fn migrations_come_in_pairs_and_each_has_its_own_number() {
    let names = |engine: &str| -> Vec<String> {
        let folder = repository().join("migrations").join(engine);
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let sqlite = names("sqlite");
    assert_eq!(
        sqlite,
        names("postgres"),
        "add the other engine's file under the same name"
    );
    // Numbers may be left out: work that was done side by side has taken them in advance.
    let mut before = 0;
    for name in &sqlite {
        let number: u32 = name
            .split_once('_')
            .filter(|(number, _)| number.len() == 4)
            .and_then(|(number, _)| number.parse().ok())
            .unwrap_or_else(|| panic!("{name} does not begin with four digits"));
        assert!(number > before, "{name} has a number that is taken");
        before = number;
        assert_eq!(Path::new(name).extension(), Some("sql".as_ref()), "{name}");
    }
}
