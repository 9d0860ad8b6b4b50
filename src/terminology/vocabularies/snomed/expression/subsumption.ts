/** Whether one meaning takes in another; `unknown` where that cannot be told by the rules that are followed here. */
export type Subsumption = 'yes' | 'no' | 'unknown'

/** What was found; a no that is not told is unknown. */
export const told = (found: Subsumption, isTold: boolean): Subsumption =>
  found === 'no' && !isTold ? 'unknown' : found

/** Both of two; the second is asked where the first is no no. */
export function both(first: Subsumption, second: () => Subsumption): Subsumption {
  if (first === 'no') return first
  const found = second()
  return found === 'yes' ? first : found
}

/** One of some. */
export function some<T>(items: readonly T[], test: (item: T) => Subsumption): Subsumption {
  let found: Subsumption = 'no'
  for (const each of items) {
    const one = test(each)
    if (one === 'yes') return one
    if (one === 'unknown') found = one
  }
  return found
}

/** Every one of some. */
export function every<T>(items: readonly T[], test: (item: T) => Subsumption): Subsumption {
  let found: Subsumption = 'yes'
  for (const each of items) {
    const one = test(each)
    if (one === 'no') return one
    if (one === 'unknown') found = one
  }
  return found
}
