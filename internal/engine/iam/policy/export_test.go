package policy

// For the tests that ask package iam what documents mean.
var RandomDocument = randomDocument
