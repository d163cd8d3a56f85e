/** Who a confined worker is for the kernel. */
export interface Identity {
  uid: number;
  gid: number;
}

/**
 * Numbers that no system hands out to users or services (systemd's list calls them unused). Workers of one server never share
 * one while they live: the range is far larger than what can be alive.
 */
const firstOfRange = 1_900_000_000;
const sizeOfRange = 200_000_000;
/** A user of its own in a namespace stands for the server's user outside: any number does. */
const insideNamespace: Identity = { uid: 1000, gid: 1000 };

/** Gives each worker its user: a real one of its own when the server is root, else a name for the server's own. */
export class Identities {
  #next = Math.floor(Math.random() * sizeOfRange);

  constructor(readonly areReal: boolean) {}

  take(): Identity {
    if (!this.areReal) return insideNamespace;
    const uid = firstOfRange + (this.#next % sizeOfRange);
    this.#next += 1;
    return { uid, gid: uid };
  }
}
