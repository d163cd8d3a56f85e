/** Processors there is a filter for, by Node's names. */
export type Processor = 'x64' | 'arm64';

/** Number on x64 and on arm64; null where the processor has no such call. */
type Numbers = readonly [x64: number | null, arm64: number | null];

/** Calls that no function needs and that reach what lies around it: other processes, mounts, namespaces, the kernel itself. */
export const refusedCalls = {
  // Other processes' memory and descriptors.
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  kcmp: [312, 272],
  pidfd_getfd: [438, 438],
  // Mounts, old way and new.
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  open_tree: [428, 428],
  open_tree_attr: [467, 467],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  // A file by its number goes around the folders that can be seen.
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  // Namespaces; `clone` is looked at by its flags.
  setns: [308, 268],
  unshare: [272, 97],
  // Parts of the kernel with a long list of holes, or that no namespace divides.
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  fanotify_init: [300, 262],
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  lookup_dcookie: [212, 18],
  nfsservctl: [180, 42],
  move_pages: [279, 239],
  migrate_pages: [256, 238],
  modify_ldt: [154, null],
  uselib: [134, null],
  ustat: [136, null],
  sysfs: [139, null],
  _sysctl: [156, null],
  create_module: [174, null],
  get_kernel_syms: [177, null],
  query_module: [178, null],
  // The machine.
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  syslog: [103, 116],
  iopl: [172, null],
  ioperm: [173, null],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  adjtimex: [159, 171],
  vhangup: [153, 58],
  sethostname: [170, 161],
  setdomainname: [171, 162],
} satisfies Record<string, Numbers>;

/** Calls that are judged by what they are given. */
export const judgedCalls = {
  clone: [56, 220],
  clone3: [435, 435],
  ioctl: [16, 29],
  personality: [135, 92],
  socket: [41, 198],
  socketpair: [53, 199],
} satisfies Record<string, Numbers>;

/** The numbers of all these calls on a processor that has them. */
export function numbersOn(processor: Processor, calls: Record<string, Numbers>): number[] {
  return Object.values(calls)
    .map(([x64, arm64]) => (processor === 'x64' ? x64 : arm64))
    .filter((number) => number !== null);
}
