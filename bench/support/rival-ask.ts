/**
 * `node bench/support/rival-ask.ts <FHIR base> <pid> [concepts]`: what a request costs a server that runs on this machine (Linux) and has
 * the data of `rival-data.ts`: CPU time of the process and all its threads, beside bare Express, which takes turns with it. With a number
 * the code system of so many concepts is asked about.
 */

import { figureLine } from './harness/figure.ts'
import { costFrom, efforts, timeFigure } from './harness/measure.ts'
import { ask, cpuMicroseconds, startSupport } from './processes.ts'
import { inResource, plain, systemOf } from './terminology-data.ts'
import { otherQuestions, questions, repeated } from './terminology-questions.ts'

const [, , base, pid, concepts] = process.argv
const size = concepts === undefined ? inResource : Number(concepts)
if (base === undefined || !Number.isInteger(Number(pid)) || !(Number.isInteger(size) && size > 0)) {
  console.error('node bench/support/rival-ask.ts <FHIR base> <pid of the server> [concepts]')
  process.exit(2)
}
const system = concepts === undefined ? plain : systemOf(size)
const others = concepts === undefined ? [...otherQuestions, repeated] : []
const { rounds } = efforts.full
const requests = 300
const express = startSupport('http-server.ts', 'express')
const load = startSupport('raw-load.ts', '16')
try {
  const object = { resourceType: 'Parameters', parameter: [{ name: 'result', valueBoolean: true }] }
  const { url } = await ask<{ url: string }>(express, { start: [object] })
  const measure = async (process: number, addresses: string[]) => {
    const before = cpuMicroseconds(process)
    await ask(load, { addresses })
    return (cpuMicroseconds(process) - before) / addresses.length
  }
  for (const question of [...questions, ...others]) {
    let next = 0
    const own: number[] = []
    const bare: number[] = []
    // The first rounds warm up: a server on the JVM needs thousands of requests.
    for (let round = -10; round < rounds; round++) {
      if (question === repeated) next = 0
      const addresses = Array.from({ length: requests }, () => `${base}/${question.address(next++, system, size)}`)
      const theirs = await measure(Number(pid), addresses)
      const reply = await measure(
        express.pid ?? 0,
        Array.from({ length: requests }, () => `${url}/0`),
      )
      if (round < 0) continue
      own.push(theirs)
      bare.push(reply)
    }
    console.log(figureLine(timeFigure(question.name, costFrom(own, bare, 'bare Express'), 'µs')))
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
} finally {
  express.send({ end: true })
  load.kill()
}
