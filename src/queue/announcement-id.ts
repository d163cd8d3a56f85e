import type { Announcement } from '../contract/queue.js';

/** What makes two announcements the same one: `<runId>.<fence>`. */
export function announcementId({ runId, fence }: Pick<Announcement, 'runId' | 'fence'>): string {
  return `${runId}.${fence}`;
}

export function readAnnouncementId(id: string): Pick<Announcement, 'runId' | 'fence'> {
  const dot = id.lastIndexOf('.');
  return { runId: id.slice(0, dot), fence: Number(id.slice(dot + 1)) };
}
