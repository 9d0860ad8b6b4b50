/** A program that takes jobs and answers none. */
process.on('message', () => {})
