/**
 * Cases about deadlines of a store that cannot be reached, about processes, payloads and what is logged take seconds, and what they prove is
 * in none of the mutated files.
 */
export const except = ['ISO-02', 'LIF-04', 'LIF-05', 'LIF-09', 'ERR-05', 'PAY-08', 'PAY-10', 'PAY-12']
