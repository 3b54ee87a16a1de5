import type { Booking } from './bug';
import type { Slot } from './slots';

/** A slot's instant in words, with date and zone: `2026-11-20 22:00 Asia/Bangkok`. */
export function slotLabel(slot: Slot, zone: string): string {
  const time = slot.key.slice(slot.key.lastIndexOf('/') + 1).replace(/:00$/, '');
  return `${slot.date} ${time} ${zone}`;
}

/** A bug booked for a slot that is still ahead. */
export function bookingFor(slot: Slot, env: string, zone: string): Booking {
  return {
    env,
    slot: slot.kind,
    at: slot.at,
    graceUntil: slot.graceUntil,
    label: slotLabel(slot, zone),
    request: null,
  };
}
