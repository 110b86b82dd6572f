//! Background work: what is stored is done once, in time, whoever dies meanwhile.

use std::time::Duration;

use tenon::ids::{AccountId, ProjectId};
use tenon::jobs;
use tenon::storage::jobs::{self as queue, Job, QueuedJob};

use crate::support::server::TestServer;

fn some_job() -> Job {
    Job::ExpireConnection {
        project: ProjectId::generate(),
        account: AccountId::generate(),
    }
}

async fn enqueue_in(server: &TestServer, job: &Job, delay: Duration) {
    let now = server.clock.now();
    let mut tx = server.app.db.begin().await.unwrap();
    queue::enqueue(tx.conn(), job, now.after(delay), now)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn claim(server: &TestServer, holder: &str) -> Option<QueuedJob> {
    let now = server.clock.now();
    let mut tx = server.app.db.begin().await.unwrap();
    let until = now.after(Duration::from_mins(1));
    let claimed = queue::claim(tx.conn(), holder, now, until).await.unwrap();
    tx.commit().await.unwrap();
    claimed
}

/// A server whose own workers do not touch the queue.
async fn server_without_workers() -> TestServer {
    let server = TestServer::start().await;
    server.app.stopping.cancel();
    server.app.tasks.close();
    server.app.tasks.wait().await;
    // What repeats itself was stored at the start; done with now.
    jobs::run_due(&server.app).await.unwrap();
    server
}

#[tokio::test]
async fn a_job_waits_for_its_time() {
    let server = server_without_workers().await;
    enqueue_in(&server, &some_job(), Duration::from_mins(10)).await;
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 0);
    server.clock.advance(Duration::from_mins(10));
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 1);
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 0);
}

#[tokio::test]
async fn the_same_work_is_stored_once() {
    let server = server_without_workers().await;
    let job = some_job();
    for _ in 0..3 {
        enqueue_in(&server, &job, Duration::ZERO).await;
    }
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 1);
}

#[tokio::test]
async fn many_workers_claim_each_job_once() {
    let server = server_without_workers().await;
    for _ in 0..40 {
        enqueue_in(&server, &some_job(), Duration::ZERO).await;
    }
    let workers = (0..8).map(|worker| {
        let server = &server;
        async move {
            let mut claimed = Vec::new();
            while let Some(job) = claim(server, &format!("worker {worker}")).await {
                claimed.push(job.id);
            }
            claimed
        }
    });
    let mut all: Vec<_> = futures_util::future::join_all(workers).await.concat();
    assert_eq!(all.len(), 40);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 40);
}

#[tokio::test]
async fn the_job_of_a_dead_worker_comes_back_when_its_lease_ends() {
    let server = server_without_workers().await;
    enqueue_in(&server, &some_job(), Duration::ZERO).await;
    let lost = claim(&server, "dies").await.unwrap();
    assert!(claim(&server, "waits").await.is_none());
    server.clock.advance(Duration::from_mins(1));
    let again = claim(&server, "waits").await.unwrap();
    assert_eq!((again.id.clone(), again.attempts), (lost.id.clone(), 2));
    let mut tx = server.app.db.begin().await.unwrap();
    assert!(!queue::finish(tx.conn(), &lost.id, "dies").await.unwrap());
    assert!(queue::finish(tx.conn(), &lost.id, "waits").await.unwrap());
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_job_that_keeps_failing_rests_longer_each_time_and_is_laid_aside_in_the_end() {
    let server = server_without_workers().await;
    enqueue_in(&server, &some_job(), Duration::ZERO).await;
    spoil_every_payload(&server).await;
    let mut runs = 0;
    for _ in 0..11 {
        runs += jobs::run_due(&server.app).await.unwrap();
        assert_eq!(jobs::run_due(&server.app).await.unwrap(), 0, "it rests");
        server.clock.advance(Duration::from_hours(2));
    }
    // The job ten times, and ten times each of the two hourly purges, spoiled too and due later.
    assert_eq!(runs, 30);
    assert!(claim(&server, "looks").await.is_none());
}

async fn spoil_every_payload(server: &TestServer) {
    let mut tx = server.app.db.begin().await.unwrap();
    let sql = "UPDATE jobs SET payload = '{\"kind\": \"from the future\"}'";
    match tx.conn() {
        tenon::storage::Conn::Sqlite(c) => sqlx::query(sql).execute(c).await.map(drop),
        tenon::storage::Conn::Postgres(c) => sqlx::query(sql).execute(c).await.map(drop),
    }
    .unwrap();
    tx.commit().await.unwrap();
}
