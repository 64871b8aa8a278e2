/** How often the server under test writes usage. */
export const writeIntervalMs = 300;
