import { writeFileSync } from 'node:fs';

/** Leaves a file in the folder that all programs of the machine share. */
export default ({ marker }) => writeFileSync(`/tmp/${marker}`, marker);
