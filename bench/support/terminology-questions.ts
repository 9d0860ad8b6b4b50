/** What is asked of terminology over HTTP, each address by its number: of us, and of whoever is to be compared. */
import { base, beginningsOf, code, inResource, page, plain, small, stored, words } from './terminology-data.ts'

/** One operation: its address for the number of a request, and how many bare Express replies it may cost. */
export interface Question {
  name: string
  times: number
  address(i: number, system: string, concepts: number): string
}

/** Numbers that go through all of `concepts` without a pattern. */
const spread = (i: number, concepts: number) => (i * 7919 + 13) % concepts

/** Asked of systems of every size. */
export const questions: Question[] = [
  {
    name: '$lookup',
    times: 1,
    address: (i, system, n) => `CodeSystem/$lookup?system=${system}&code=${code(spread(i, n))}&n=${i}`,
  },
  {
    name: '$validate-code',
    times: 1,
    address: (i, system, n) =>
      `ValueSet/$validate-code?url=${system}/all&system=${system}&code=${code(spread(i, n))}&n=${i}`,
  },
  {
    name: '$validate-code in an is-a set',
    times: 1,
    address: (i, system, n) =>
      `ValueSet/$validate-code?url=${system}/branch&system=${system}&code=${code(spread(i, n))}&n=${i}`,
  },
  {
    name: '$subsumes',
    times: 1,
    address: (i, system, n) =>
      `CodeSystem/$subsumes?system=${system}&codeA=${code(spread(i, n >> 3))}&codeB=${code(spread(i, n))}&n=${i}`,
  },
  {
    name: '$expand with a two-word filter',
    times: 2,
    address: (i, system) =>
      `ValueSet/$expand?url=${system}/all&filter=${words[i % 11]}%20${words[(i * 3 + 1) % 11]}&offset=${i % 500}&count=${page}&n=${i}`,
  },
  {
    name: '$expand with a filter of two beginnings of words',
    times: 2,
    // Of a concept that is there, so that something is found in a system of any size, and one entry of it is shown: that 13 are found of
    // 500,000 concepts where it is 3 of 20,000 is the nature of the question, and each that is shown has its price. Counted, what is found
    // took 0.6 µs more in the larger system, a page of up to 20 entries 20 µs, and not one read of the file.
    address: (i, system, n) =>
      `ValueSet/$expand?url=${system}/all&filter=${encodeURIComponent(beginningsOf(spread(i, n)))}&count=1&n=${i}`,
  },
  {
    name: '$expand, deep page',
    times: 2,
    address: (i, system, n) => `ValueSet/$expand?url=${system}/all&offset=${spread(i, n - page)}&count=${page}&n=${i}`,
  },
  {
    name: '$expand, page of an is-a set',
    times: 2,
    address: (i, system, n) =>
      `ValueSet/$expand?url=${system}/branch&offset=${spread(i, (n >> 1) - page)}&count=${page}&n=${i}`,
  },
]

/** Asked of what does not grow. */
export const otherQuestions: Question[] = [
  {
    name: '$translate',
    times: 1,
    address: (i) => `ConceptMap/$translate?url=${base}/map&system=${plain}&code=${code(i % inResource)}&n=${i}`,
  },
  {
    name: '$expand of a small set',
    times: 2,
    address: (i) => `ValueSet/$expand?url=${base}/small-${i % small}&n=${i}`,
  },
  {
    name: 'search by url',
    times: 2,
    // The number of a page that is not full changes the address alone.
    address: (i) => `ValueSet?url=${base}/stored-${i % stored}&_count=${10 + (Math.floor(i / stored) % 990)}`,
  },
]

/** The same addresses again and again. */
export const repeated: Question = {
  name: 'search by url, repeated',
  times: 1.1,
  address: (i) => `ValueSet?url=${base}/stored-${i % 200}`,
}
