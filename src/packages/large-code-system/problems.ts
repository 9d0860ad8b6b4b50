/** What was wrong with single concepts of a source; an import goes on after each. */
export interface SourceProblem {
  /** Line of the source where the concept begins, from 1. */
  line: number
  text: string
}

/** Problems of one import: all counted, the first ones kept. */
export interface ProblemList {
  count: number
  /** At most {@link KEPT_PROBLEMS}, in the order of the source. */
  first: SourceProblem[]
}

/** How many problems are kept word by word. */
const KEPT_PROBLEMS = 100

/** Collects problems. */
export function collectProblems(): ProblemList & { add(problem: SourceProblem): void } {
  const first: SourceProblem[] = []
  const list = {
    count: 0,
    first,
    add: (problem: SourceProblem) => {
      list.count++
      if (list.first.length < KEPT_PROBLEMS) list.first.push(problem)
    },
  }
  return list
}
