import { networkInterfaces } from 'node:os';

/** Reads the machine's network addresses. */
export default () => Object.values(networkInterfaces()).flatMap((all) => all.map(({ mac, address }) => `${mac} ${address}`));
