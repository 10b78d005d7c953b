//! A clock for delays that must be kept to a tenth of a millisecond.
//!
//! The runtime's own timers tick in whole milliseconds and fire 0.7–1.5 ms late. This clock keeps
//! one timerfd (`CLOCK_MONOTONIC`, absolute, so the kernel's timer slack does not apply) behind
//! the runtime's readiness queue, and an ordered set of deadlines behind that.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use rustix::time::{
    clock_gettime, timerfd_create, timerfd_settime, ClockId, Itimerspec, TimerfdClockId, TimerfdFlags,
    TimerfdTimerFlags, Timespec,
};
use tokio::io::unix::AsyncFd;
use tokio::task::AbortHandle;

/// A handle to one timerfd and its deadlines. Cloning is cheap; make one per process.
#[derive(Clone, Debug)]
pub struct ExactClock {
    shared: Arc<Shared>,
    _driver: Arc<AbortOnDrop>,
}

#[derive(Debug)]
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A deadline, and a number that tells equal deadlines apart.
type Key = (Instant, u64);

#[derive(Debug)]
struct Shared {
    timer: AsyncFd<OwnedFd>,
    /// The same moment on both clocks; the second is read later, so deadlines never round early.
    base: (Instant, Duration),
    deadlines: Mutex<Deadlines>,
}

#[derive(Debug, Default)]
struct Deadlines {
    waiting: BTreeMap<Key, Waker>,
    armed: Option<Instant>,
    next_number: u64,
}

impl ExactClock {
    /// Opens the timerfd and starts the task that serves it. Call inside a tokio runtime.
    ///
    /// # Errors
    /// The kernel's error if no timerfd can be opened (for example no file descriptors left).
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        // SAFETY: the descriptor is owned by the AsyncFd and so stays open, and the same, until
        // it is deregistered; nothing hands out `&mut` to it.
        let timer = unsafe { AsyncFd::register(timer) }?;
        let instant = Instant::now();
        let now = clock_gettime(ClockId::Monotonic);
        let monotonic = Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32);
        let shared = Arc::new(Shared { timer, base: (instant, monotonic), deadlines: Mutex::default() });
        let driver = tokio::spawn(drive(Arc::clone(&shared))).abort_handle();
        Ok(Self { shared, _driver: Arc::new(AbortOnDrop(driver)) })
    }

    /// A future that completes at `deadline` or slightly later, never before it.
    #[must_use = "a sleep does nothing unless awaited"]
    pub fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep { shared: Arc::clone(&self.shared), deadline, key: None }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Deadlines> {
        // No code panics while holding the lock; a poisoned set of deadlines is still a valid one.
        self.deadlines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the timer to the earliest deadline, if that is not what it is set to already.
    fn arm(&self, deadlines: &mut Deadlines) {
        let Some((&(earliest, _), _)) = deadlines.waiting.first_key_value() else {
            return;
        };
        if deadlines.armed.is_some_and(|armed| armed <= earliest) {
            return;
        }
        let after_base = earliest.saturating_duration_since(self.base.0);
        let at = self.base.1 + after_base;
        let value = Itimerspec {
            it_interval: Timespec::default(),
            it_value: Timespec {
                tv_sec: i64::try_from(at.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(at.subsec_nanos()),
            },
        };
        let set = timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::ABSTIME, &value);
        debug_assert!(set.is_ok(), "an absolute time after the base is always valid");
        deadlines.armed = Some(earliest);
    }

    /// Wakes everybody whose deadline has passed and sets the timer to the next.
    fn expire(&self) {
        let mut deadlines = self.lock();
        deadlines.armed = None;
        let now = Instant::now();
        let later = deadlines.waiting.split_off(&(now, u64::MAX));
        let due = std::mem::replace(&mut deadlines.waiting, later);
        self.arm(&mut deadlines);
        drop(deadlines);
        due.into_values().for_each(Waker::wake);
    }
}

async fn drive(shared: Arc<Shared>) {
    while let Ok(mut guard) = shared.timer.readable().await {
        // Setting the timer again resets its count, so there is no need to read it.
        guard.clear_ready();
        shared.expire();
    }
}

/// The future of [`ExactClock::sleep_until`]; it can be set to another deadline and awaited again.
#[derive(Debug)]
pub struct Sleep {
    shared: Arc<Shared>,
    deadline: Instant,
    key: Option<Key>,
}

impl Sleep {
    /// Moves the deadline. Costs nothing if it is the same.
    pub fn reset(&mut self, deadline: Instant) {
        if deadline != self.deadline {
            self.forget();
            self.deadline = deadline;
        }
    }

    fn forget(&mut self) {
        if let Some(key) = self.key.take() {
            self.shared.lock().waiting.remove(&key);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.deadline {
            self.forget();
            return Poll::Ready(());
        }
        let this = &mut *self;
        let mut deadlines = this.shared.lock();
        let key = *this.key.get_or_insert_with(|| {
            deadlines.next_number += 1;
            (this.deadline, deadlines.next_number)
        });
        match deadlines.waiting.get_mut(&key) {
            Some(waker) => waker.clone_from(context.waker()),
            None => {
                deadlines.waiting.insert(key, context.waker().clone());
            }
        }
        this.shared.arm(&mut deadlines);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleep_never_ends_early() {
        let clock = ExactClock::new().unwrap();
        for microseconds in [0, 1, 50, 300, 999, 1_000, 2_500, 12_345] {
            let deadline = Instant::now() + Duration::from_micros(microseconds);
            clock.sleep_until(deadline).await;
            assert!(Instant::now() >= deadline, "{microseconds} µs");
        }
    }

    #[tokio::test]
    async fn sleeps_end_in_the_order_of_their_deadlines() {
        let clock = ExactClock::new().unwrap();
        let start = Instant::now();
        let (ended, mut order) = tokio::sync::mpsc::unbounded_channel();
        for milliseconds in [30_u64, 10, 20, 5] {
            let (clock, ended) = (clock.clone(), ended.clone());
            tokio::spawn(async move {
                clock.sleep_until(start + Duration::from_millis(milliseconds)).await;
                ended.send(milliseconds).unwrap();
            });
        }
        drop(ended);
        let mut seen = Vec::new();
        while let Some(milliseconds) = order.recv().await {
            seen.push(milliseconds);
        }
        assert_eq!(seen, [5, 10, 20, 30]);
    }

    #[tokio::test]
    async fn a_dropped_or_reset_sleep_leaves_nothing_behind() {
        let clock = ExactClock::new().unwrap();
        let far = Instant::now() + Duration::from_secs(3_600);
        let mut sleep = clock.sleep_until(far);
        let soon = clock.sleep_until(Instant::now() + Duration::from_millis(2));
        tokio::select! {
            () = &mut sleep => unreachable!("an hour has not passed"),
            () = soon => {}
        }
        assert_eq!(clock.shared.lock().waiting.len(), 1);
        sleep.reset(Instant::now());
        (&mut sleep).await;
        assert!(clock.shared.lock().waiting.is_empty());
    }
}
