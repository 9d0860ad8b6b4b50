/**
 * Something whose membership is asked that is no concept of the release: a post-coordinated expression, as what it means. Whoever reads
 * such expressions makes one; a set of concepts is asked by it without knowing more.
 */
export interface EclSubject {
  /** The concept it means the same as; -1 when there is none: then it is itself and nothing else. */
  readonly same: number
  /** Concepts of which nobody can tell whether it means the same as they do; each of them subsumes it. */
  readonly maySame?: readonly number[]
  /** Concepts that subsume it, ascending, but `same`; its focus concepts and all that is above them, and whatever else is known. */
  readonly subsumers: Int32Array
  /** Concepts of which nobody can tell whether they subsume it, ascending; none of them is a subsumer. */
  readonly undecided?: Int32Array
  /** Whether it subsumes a concept; undefined when that cannot be told. */
  subsumes(concept: number): boolean | undefined
  /** Its attributes without redundant ones, with those of its focus concepts; those of a group need not stand together. */
  readonly rows: readonly EclSubjectRow[]
}

/** An attribute of a subject. */
export interface EclSubjectRow {
  /** The concept of the attribute. */
  type: number
  /** Attributes of one number but 0 are of one group; 0 is of no group. */
  group: number
  /** A concept, a concrete value as a release has it (`#1`, `"text"`, `true`), or something that is no concept. */
  value: number | string | EclSubject
}
