//! Status from a node.
