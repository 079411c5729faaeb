// Verifies a log directory with the Go project's own code for notes and Merkle trees.
//
//	xmod <log directory> <log vkey> <entry vkey> [<index> <proof file>]
//
// Recomputes everything from the entries: tiles are compared, never trusted.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type hashes []tlog.Hash

func (stored hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		found[i] = stored[index]
	}
	return found, nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	root := arguments[0]
	tree, err := readCheckpoint(root, arguments[1])
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(arguments[2])
	if err != nil {
		return err
	}
	var stored hashes
	for index := int64(0); index < tree.N; index += 256 {
		width := min(256, tree.N-index)
		data, err := os.ReadFile(filepath.Join(root, path("entries", index/256, width)))
		if err != nil {
			return err
		}
		for offset := int64(0); offset < width; offset++ {
			length := int(binary.BigEndian.Uint16(data))
			entry := data[2 : 2+length]
			data = data[2+length:]
			if _, err := note.Open(entry, note.VerifierList(verifier)); err != nil {
				return fmt.Errorf("entry %d: %w", index+offset, err)
			}
			more, err := tlog.StoredHashes(index+offset, entry, stored)
			if err != nil {
				return err
			}
			stored = append(stored, more...)
		}
	}
	computed, err := tlog.TreeHash(tree.N, stored)
	if err != nil {
		return err
	}
	if computed != tree.Hash {
		return fmt.Errorf("the entries do not have the signed root")
	}
	if err := compareTiles(root, tree.N, stored); err != nil {
		return err
	}
	if len(arguments) > 3 {
		if err := checkProof(tree, stored, arguments[3], arguments[4]); err != nil {
			return err
		}
	}
	fmt.Println(tree.N)
	return nil
}

func readCheckpoint(root, key string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return tlog.Tree{}, err
	}
	data, err := os.ReadFile(filepath.Join(root, "checkpoint"))
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	hash, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: hash}, err
}

func compareTiles(root string, size int64, stored hashes) error {
	for _, tile := range tlog.NewTiles(8, 0, size) {
		expected, err := tlog.ReadTileData(tile, stored)
		if err != nil {
			return err
		}
		name := path(strconv.Itoa(tile.L), tile.N, int64(tile.W))
		given, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		if string(given) != string(expected) {
			return fmt.Errorf("%s differs", name)
		}
	}
	return nil
}

func checkProof(tree tlog.Tree, stored hashes, index, file string) error {
	at, err := strconv.ParseInt(index, 10, 64)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, _, _ := strings.Cut(string(data), "\n\n")
	var proof tlog.RecordProof
	for _, line := range strings.Split(head, "\n")[2:] {
		raw, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			return err
		}
		proof = append(proof, tlog.Hash(raw))
	}
	leaf := stored[tlog.StoredHashIndex(0, at)]
	return tlog.CheckRecord(proof, tree.N, tree.Hash, at, leaf)
}

func path(level string, number, width int64) string {
	name := fmt.Sprintf("%03d", number%1000)
	for number >= 1000 {
		number /= 1000
		name = fmt.Sprintf("x%03d/%s", number%1000, name)
	}
	if width < 256 {
		name = fmt.Sprintf("%s.p/%d", name, width)
	}
	return "tile/" + level + "/" + name
}
