/* The stages of a case that footage may be tagged to, in their order. */
export const STAGES = ['start', 'investigation', 'review', 'decision', 'service', 'enforcement'] as const
