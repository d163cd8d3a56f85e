/** The embedded records themselves, in the data folder. */
export const databaseFile = 'laneway.db';
/** Folder of the payloads and results that are files. */
export const payloadFolder = 'payloads';
/** There as long as a restore into the data folder is not complete: no server starts on it. */
export const unfinishedRestoreFile = 'restore-unfinished.json';
