//! The disk of a node: syncs one after the other, and those that wait share the next one.
use globelet_types::Micros;

/// When what was written becomes durable.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    sync_us: u64,
    /// End of the sync under way.
    running: Micros,
    /// End of the sync after it, which everyone who waits shares; equal to `running` if nobody does.
    next: Micros,
}

impl Disk {
    pub fn new(sync_us: u64) -> Disk {
        Disk { sync_us, running: 0, next: 0 }
    }

    /// Asks at `now` for all written so far to be durable; returns when it will be.
    pub fn persist(&mut self, now: Micros) -> Micros {
        if now >= self.next {
            self.running = now + self.sync_us;
            self.next = self.running;
        } else if now >= self.running {
            self.running = self.next;
            self.next += self.sync_us;
        } else if self.next == self.running {
            self.next += self.sync_us;
        }
        self.next
    }

    /// Nothing that waits for the disk now leaves before this.
    pub fn settled(&self) -> Micros {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_writes_share_a_sync() {
        let mut disk = Disk::new(100);
        assert_eq!(disk.persist(1_000), 1_100);
        assert_eq!(disk.persist(1_010), 1_200);
        assert_eq!(disk.persist(1_090), 1_200);
        assert_eq!(disk.persist(1_150), 1_300);
        assert_eq!(disk.persist(5_000), 5_100);
    }
}
