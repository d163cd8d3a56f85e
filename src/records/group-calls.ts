import { isUnavailable, recordsUnavailable } from './unavailable.js';

export interface Grouping<Call, Answer> {
  /** Carries calls out in one transaction; answers in their order. */
  carryOut: (calls: Call[]) => Promise<Answer[]>;
  /** Bytes, roughly: a group is closed when it gets too heavy for one message. */
  weigh: (call: Call) => number;
}

const groupsUnderWay = 2;
const callsInGroup = 500;
const groupBytes = 4 * 1024 * 1024;
/** bounded: a caller beyond this is refused at once. */
const maxWaiting = 100_000;

interface Waiting<Call, Answer> {
  call: Call;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/**
 * Gathers the calls of one turn of the event loop, and those that come while earlier groups are under way, and has each
 * group carried out together. When a group fails by one of its calls, each is carried out alone.
 */
export function groupCalls<Call, Answer>({ carryOut, weigh }: Grouping<Call, Answer>): (call: Call) => Promise<Answer> {
  let waiting: Waiting<Call, Answer>[] = [];
  let underWay = 0;
  let isScheduled = false;

  return (call) =>
    new Promise((resolve, reject) => {
      if (waiting.length >= maxWaiting) {
        reject(recordsUnavailable(new Error(`${maxWaiting} calls are waiting`)));
        return;
      }
      waiting.push({ call, resolve, reject });
      if (isScheduled) return;
      isScheduled = true;
      setImmediate(() => {
        isScheduled = false;
        startGroups();
      });
    });

  function startGroups(): void {
    while (waiting.length > 0 && underWay < groupsUnderWay) {
      underWay += 1;
      void carryOutGroup(takeGroup());
    }
  }

  async function carryOutGroup(group: Waiting<Call, Answer>[]): Promise<void> {
    await settle(group);
    underWay -= 1;
    startGroups();
  }

  function takeGroup(): Waiting<Call, Answer>[] {
    let bytes = 0;
    let size = 0;
    while (size < waiting.length && size < callsInGroup && (size === 0 || bytes < groupBytes))
      bytes += weigh(waiting[size++]!.call);
    const group = waiting.slice(0, size);
    waiting = waiting.slice(size);
    return group;
  }

  async function settle(group: Waiting<Call, Answer>[]): Promise<void> {
    try {
      const answers = await carryOut(group.map(({ call }) => call));
      group.forEach(({ resolve }, index) => resolve(answers[index]!));
    } catch (error) {
      if (group.length === 1 || isUnavailable(error)) for (const { reject } of group) reject(error);
      else for (const one of group) await settle([one]);
    }
  }
}
