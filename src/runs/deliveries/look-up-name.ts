import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';

type Answer = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;

/** Each look takes one of the few threads that files need too, and a resolver that is away holds it for many seconds. */
const atOnce = 2;
const waiting: (() => void)[] = [];
let underWay = 0;

/** Every address of a name, by the system's own resolver; few names at a time. */
export function lookUpName(hostname: string, options: LookupAllOptions, answer: Answer): void {
  waiting.push(() =>
    lookup(hostname, options, (error, addresses) => {
      underWay -= 1;
      startNext();
      answer(error, addresses);
    }),
  );
  startNext();
}

function startNext(): void {
  if (underWay >= atOnce) return;
  const start = waiting.shift();
  if (start === undefined) return;
  underWay += 1;
  start();
}
