/** A result of 48 MB. */
export default () => 'x'.repeat(48 * 1024 * 1024);
