//! The threads that expressions are compiled and run in: as many as there are cores, so that they
//! cannot take the server's own, and with stacks large enough that a deep value can be let go of.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, available_parallelism};

use tokio::sync::oneshot;

/// In bytes; of memory only what is used.
const STACK: usize = 256 * 1024 * 1024;
/// Of the stack, what calls may use; the rest is for letting go of values.
const FOR_CALLS: usize = STACK / 2;
const GONE: &str = "the expression ended without a value";

/// Where a thread's stack ends for calls, as an address.
#[derive(Debug, Clone, Copy)]
pub(super) struct StackEnd(usize);

impl StackEnd {
    fn of_this_thread() -> Self {
        let here = 0_u8;
        Self((&raw const here).addr().saturating_sub(FOR_CALLS))
    }

    /// Whether calls have come too deep.
    pub(super) fn is_reached(self) -> bool {
        let here = 0_u8;
        (&raw const here).addr() < self.0
    }
}

type Job = Box<dyn FnOnce(StackEnd) + Send>;

/// Runs `work`, and gives its value when it is done; it goes on if nobody waits any more.
///
/// # Errors
/// When it panicked.
pub(super) async fn run<T: Send + 'static>(
    work: impl FnOnce(StackEnd) -> T + Send + 'static,
) -> Result<T, String> {
    let (done, outcome) = oneshot::channel();
    hand_over(Box::new(move |stack| {
        if let Ok(value) = catch_unwind(AssertUnwindSafe(|| work(stack))) {
            let _ = done.send(value);
        }
    }))?;
    outcome.await.map_err(|_| GONE.to_owned())
}

/// As [`run`], for who cannot wait otherwise: short work alone.
///
/// # Errors
/// As [`run`].
pub(super) fn wait_for<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let (done, outcome) = mpsc::channel();
    hand_over(Box::new(move |_| {
        if let Ok(value) = catch_unwind(AssertUnwindSafe(work)) {
            let _ = done.send(value);
        }
    }))?;
    outcome.recv().map_err(|_| GONE.to_owned())
}

fn hand_over(job: Job) -> Result<(), String> {
    static JOBS: OnceLock<Sender<Job>> = OnceLock::new();
    let jobs = JOBS.get_or_init(start);
    jobs.send(job)
        .map_err(|_| "no thread runs expressions".to_owned())
}

fn start() -> Sender<Job> {
    let (jobs, queue) = mpsc::channel();
    let queue = Arc::new(Mutex::new(queue));
    let count = available_parallelism().map_or(2, |cores| cores.get().clamp(2, 16));
    for _ in 0..count {
        let queue = Arc::clone(&queue);
        let thread = thread::Builder::new().name("expressions".into());
        if let Err(cause) = thread.stack_size(STACK).spawn(move || work(&queue)) {
            tracing::error!(%cause, "a thread for expressions could not be started");
        }
    }
    jobs
}

fn work(queue: &Mutex<Receiver<Job>>) {
    let stack = StackEnd::of_this_thread();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(job) => job(stack),
            Err(_) => return,
        }
    }
}
